/** What a person has chosen for this browser: language, theme, density, time zone, shortcuts. */
import { createStore, useStore } from '@/ui/store';

export const LANGUAGES = ['ko', 'en', 'ja'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';
export type Zone = 'local' | 'utc';

export interface Preferences {
  language: Language;
  theme: Theme;
  density: Density;
  zone: Zone;
  shortcuts: boolean;
  /** Whether the language was chosen here; otherwise that of the account goes first. */
  languageChosen: boolean;
}

const KEY = 'rescue.preferences';

export function isLanguage(text: unknown): text is Language {
  return LANGUAGES.includes(text as Language);
}

/** The best of the three for what the browser asks for; Korean where it asks for none of them. */
export function languageFor(wanted: readonly string[]): Language {
  const known = wanted.map((one) => one.slice(0, 2).toLowerCase());
  return known.find(isLanguage) ?? 'ko';
}

export function readPreferences(text: string | null, wanted: readonly string[]): Preferences {
  const kept = parsed(text);
  const oneOf = <T>(value: unknown, known: readonly T[], otherwise: T) =>
    known.includes(value as T) ? (value as T) : otherwise;
  return {
    language: isLanguage(kept.language) ? kept.language : languageFor(wanted),
    languageChosen: isLanguage(kept.language) && kept.languageChosen === true,
    theme: oneOf<Theme>(kept.theme, ['system', 'light', 'dark'], 'system'),
    density: oneOf<Density>(kept.density, ['comfortable', 'compact'], 'comfortable'),
    zone: oneOf<Zone>(kept.zone, ['local', 'utc'], 'local'),
    shortcuts: kept.shortcuts !== false,
  };
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text ?? '{}');
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export const preferences = createStore(
  readPreferences(localStorage.getItem(KEY), navigator.languages),
);

export function prefer(change: Partial<Preferences>): void {
  const next = { ...preferences.get(), ...change };
  localStorage.setItem(KEY, JSON.stringify(next));
  preferences.set(next);
}

export function usePreferences(): Preferences {
  return useStore(preferences);
}
