/** Which settings are shown, and how their values are written. */
import type { Setting } from '@/api/client';

export interface Wanted {
  text: string;
  /** Only what somebody has given. */
  given: boolean;
}

/** One value as a line; lists and blocks as JSON, which is YAML, too. */
export function lineOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function fits(one: Setting, { text, given }: Wanted): boolean {
  if (given && one.source === 'default') return false;
  const words = [one.name, one.variable, one.value === null ? '' : lineOf(one.value)];
  return words.some((word) => word.toLowerCase().includes(text.trim().toLowerCase()));
}

/** `database.url` in the section `database` is `url`. */
export function shortName(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}
