import { describe, expect, it } from 'vitest';
import { fieldErrors, Problem, problemOf, told } from '@/api/problems';
import { wrongWith } from '@/auth/PasswordForm';
import { mayAs } from '@/auth/roles';
import { languageFor, readPreferences } from '@/app/preferences';

const WORDS: Record<string, string> = {
  'problem.conflict': '지금 상태와 맞지 않습니다.',
  'problem.not_found': '찾을 수 없습니다.',
  'problem.page_broken': '문제가 생겼습니다',
  'problem.reload': '다시 불러오세요',
};
const t = ((key: string, options?: { defaultValue?: string }) =>
  WORDS[key] ?? options?.defaultValue ?? key) as never;

const answer = (status: number, headers?: HeadersInit) => new Response(null, { status, headers });

describe('a refusal', () => {
  it('is told in the language of the person, with what the server adds', () => {
    const body = { code: 'conflict', detail: 'Event 3 is resolved already.', remedy: 'Reopen it.' };
    expect(told(t, problemOf(body, answer(409)))).toEqual({
      title: '지금 상태와 맞지 않습니다.',
      detail: 'Event 3 is resolved already.',
      remedy: 'Reopen it.',
      // What the server adds is English, whatever the language around it.
      lang: 'en',
    });
  });

  it('is not said twice where the code says it all', () => {
    const body = { code: 'not_found', detail: 'There is nothing here.' };
    expect(told(t, problemOf(body, answer(404))).detail).toBe('');
  });

  it('of a code that is not known yet is told by the server', () => {
    const found = told(t, problemOf({ code: 'new_thing', detail: 'A new thing.' }, answer(409)));
    expect(found).toEqual({ title: 'A new thing.', detail: '', remedy: '', lang: 'en' });
  });

  it('without any answer is the network', () => {
    expect(problemOf(new TypeError('failed to fetch'))).toMatchObject({
      code: 'offline',
      status: 0,
    });
  });

  it('of a shape that is not ours is still one', () => {
    const found = problemOf('<html>', answer(502, { 'X-Request-Id': 'r1' }));
    expect(found).toMatchObject({ status: 502, code: 'unknown', requestId: 'r1' });
  });

  it('by the person who has left is none', () => {
    const gone = new DOMException('gone', 'AbortError');
    expect(problemOf(gone)).toBe(gone);
  });

  it('names its fields by pointer or by parameter', () => {
    const found = problemOf(
      {
        code: 'invalid',
        errors: [
          { pointer: '#/title', detail: 'too long.' },
          { pointer: '#/title', detail: 'not unique.' },
          { parameter: 'since', detail: 'no time.' },
          'nonsense',
        ],
      },
      answer(422),
    );
    expect(fieldErrors(found)).toEqual({ title: 'too long. not unique.', since: 'no time.' });
  });

  it('passes by itself only where trying again can help', () => {
    expect(new Problem({ status: 503, code: 'busy' }).passes).toBe(true);
    expect(new Problem({ status: 409, code: 'conflict' }).passes).toBe(false);
  });

  it('that is a mistake of ours never shows its text', () => {
    expect(told(t, new Error('secret')).title).not.toContain('secret');
  });
});

describe('roles', () => {
  it('a viewer is less than an operator is less than an admin', () => {
    expect(mayAs('viewer', 'operator')).toBe(false);
    expect(mayAs('operator', 'operator')).toBe(true);
    expect(mayAs('admin', 'operator')).toBe(true);
    expect(mayAs('ingest', 'viewer')).toBe(false);
    expect(mayAs(null, 'viewer')).toBe(false);
  });
});

describe('a new password', () => {
  it('is counted in characters as people count them', () => {
    expect(wrongWith('가나다라마바사아자차카타', '가나다라마바사아자차카타')).toBe('');
    expect(wrongWith('🔥🔥🔥🔥🔥🔥', '🔥🔥🔥🔥🔥🔥')).toBe('password.short');
    expect(wrongWith('a'.repeat(12), 'b'.repeat(12))).toBe('password.differ');
  });
});

describe('preferences', () => {
  it('follow the browser, and Korean where it asks for none of the three', () => {
    expect(languageFor(['fr-FR', 'ja-JP', 'ko'])).toBe('ja');
    expect(languageFor(['fr'])).toBe('ko');
  });

  it('that make no sense are the usual ones', () => {
    for (const text of [null, '{', '[]', 'null', '{"theme":"pink","zone":3}']) {
      expect(readPreferences(text, ['en'])).toMatchObject({
        language: 'en',
        theme: 'system',
        zone: 'local',
        shortcuts: true,
        languageChosen: false,
      });
    }
  });
});
