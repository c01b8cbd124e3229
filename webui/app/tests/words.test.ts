import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wouldBe } from '@/i18n';
import en from '@/i18n/en.json';
import ja from '@/i18n/ja.json';
import ko from '@/i18n/ko.json';
import * as fields from '@/pages/fields';
import type { Field } from '@/ui/filter';

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, before = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === 'string'
        ? [[before + key, value]]
        : Object.entries(flat(value, `${before}${key}.`)),
    ),
  );
}

const CATALOGUES = { ko: flat(ko), en: flat(en), ja: flat(ja) };
const holes = (text: string) => [...text.matchAll(/\{\{(\w+)/g)].map((found) => found[1]).sort();

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && /\.tsx?$/.test(file.name))
    .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'));
}

describe('what would be done', () => {
  const t = ((key: string, values?: Record<string, string>) =>
    values?.rule ?? values?.defaultValue ?? key) as never;

  it('is told with the rule that holds it, and without one where none is known', () => {
    expect(wouldBe(t, 'held: cooldown')).toBe('cooldown');
    expect(wouldBe(t, 'held')).toBe('outcome.held');
    expect(wouldBe(t, 'run')).toBe('run');
  });
});

describe('the catalogues', () => {
  it.each(['en', 'ja'] as const)('%s has the keys of the source', (language) => {
    expect(Object.keys(CATALOGUES[language]).sort()).toEqual(Object.keys(CATALOGUES.ko).sort());
  });

  it.each(['en', 'ja'] as const)('%s fills in what the source fills in', (language) => {
    const differ = Object.entries(CATALOGUES.ko).filter(
      ([key, text]) => String(holes(text)) !== String(holes(CATALOGUES[language][key] ?? '')),
    );
    expect(differ).toEqual([]);
  });

  it('leave nothing empty', () => {
    for (const words of Object.values(CATALOGUES)) {
      expect(Object.entries(words).filter(([, text]) => !text.trim())).toEqual([]);
    }
  });

  it('are in their own script: Korean without kana, Japanese without Hangul, English without either', () => {
    const wrong = (words: Record<string, string>, script: RegExp) =>
      Object.entries(words).filter(([, text]) => script.test(text));
    expect(wrong(CATALOGUES.ko, /[\p{Script=Hiragana}\p{Script=Katakana}]/u)).toEqual([]);
    expect(wrong(CATALOGUES.ja, /\p{Script=Hangul}/u)).toEqual([]);
    expect(wrong(CATALOGUES.en, /[\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Han}]/u)).toEqual(
      [],
    );
  });

  it('say nothing of the source in English', () => {
    const same = Object.entries(CATALOGUES.ko).filter(
      ([key, text]) =>
        text === CATALOGUES.en[key] && /[a-z]{3}/i.test(text.replaceAll(/\{\{.*?\}\}/g, '')),
    );
    expect(same.map(([key]) => key)).toEqual(['help.console.title']);
  });

  it('have every word that the pages ask for', () => {
    const asked = new Set<string>();
    for (const text of sources('src')) {
      for (const found of text.matchAll(/\bt\(\s*'([\w.]+)'/g)) asked.add(found[1] ?? '');
      for (const found of text.matchAll(/useShortcut\('[^']+', '([\w.]+)'/g))
        asked.add(found[1] ?? '');
      for (const found of text.matchAll(/title: '(timeline\.\w+)'/g)) asked.add(found[1] ?? '');
    }
    expect(asked.size).toBeGreaterThan(300);
    expect([...asked].filter((key) => !(key in CATALOGUES.ko))).toEqual([]);
  });

  it('have a word for every value of a closed list, and a name for every filter', () => {
    const lists = Object.values(fields).filter(
      (one): one is readonly Field[] => typeof one[0] === 'object',
    );
    const needed = lists
      .flat()
      .flatMap((field) => [
        `field.${field.name}`,
        ...(field.kind ? (field.values ?? []).map((value) => `${field.kind}.${value}`) : []),
      ]);
    expect(needed.length).toBeGreaterThan(60);
    expect(needed.filter((key) => !(key in CATALOGUES.ko))).toEqual([]);
  });

  it('have a title and good news for every list, and help for every page', () => {
    const all = sources('src').join('\n');
    const lists = [...all.matchAll(/<Listing<\w+>\s+name="(\w+)"/g)].map((found) => found[1]);
    const pages = [...all.matchAll(/page\('[^']+', '(\w+)'/g)].map((found) => found[1]);
    const columns = [...all.matchAll(/\bid: '(\w+)',\s*(?:cell|header)/g)].map((found) => found[1]);
    const needed = [
      ...lists.flatMap((name) => [`list.${name}.title`, `list.${name}.empty`]),
      ...pages.flatMap((name) => [`help.${name}.title`, `help.${name}.words`]),
    ];
    expect(lists.length).toBeGreaterThan(10);
    expect(pages.length).toBeGreaterThan(15);
    expect(columns.length).toBeGreaterThan(50);
    expect(needed.filter((key) => !(key in CATALOGUES.ko))).toEqual([]);
  });
});
