/** What runbooks and commands have in common: they are kept in versions, and no change is lost unseen. */
import type { Version, VersionContent } from '@/api/client';

export interface Row {
  id: number;
  version: number;
  deleted_at: string | null;
}

type Answer<T> = Promise<{ data: T; response: Response }>;

/** The calls of one noun. */
export interface Kept<R extends Row, Fields extends object> {
  noun: 'runbook' | 'command';
  topic: 'runbooks' | 'commands';
  place: string;
  nameOf: (row: R) => string;
  fieldsOf: (row: R) => Fields;
  empty: Fields;
  get: (id: number) => Answer<R>;
  create: (fields: Fields) => Answer<R>;
  update: (id: number, tag: string, changes: Partial<Fields>) => Answer<R>;
  check: (
    fields: Fields,
  ) => Promise<{ data: { ok: boolean; problems: { field: string; message: string }[] } }>;
  remove: (id: number, tag: string) => Promise<unknown>;
  restore: (id: number) => Promise<unknown>;
  versions: (id: number) => Promise<{ data: { items: Version[] } }>;
  diff: (id: number, before: number, after: number) => Promise<{ data: { diff: string } }>;
  version: (id: number, number: number) => Promise<{ data: VersionContent }>;
  revert: (id: number, tag: string, to: number) => Promise<unknown>;
}

export interface Seen<R> {
  row: R;
  tag: string;
}

/** Only what differs is sent, so that what somebody else has changed meanwhile stays changed. */
export function changesBetween<F extends object>(before: F, after: F): Partial<F> {
  const names = Object.keys(after) as (keyof F)[];
  const changed = names.filter((name) => !Object.is(before[name], after[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name]])) as Partial<F>;
}

export interface Clash {
  name: string;
  was: unknown;
  theirs: unknown;
  mine: unknown;
  /** Whether both have changed it, and not to the same. */
  both: boolean;
}

/** What either side has changed since the version that one began with. */
export function clashes<F extends object>(was: F, theirs: F, mine: F): readonly Clash[] {
  const names = Object.keys(mine) as (keyof F & string)[];
  return names
    .map((name) => {
      const [a, b, c] = [was[name], theirs[name], mine[name]];
      const both = !Object.is(a, b) && !Object.is(a, c) && !Object.is(b, c);
      return { name, was: a, theirs: b, mine: c, both };
    })
    .filter((one) => !Object.is(one.was, one.theirs) || !Object.is(one.was, one.mine));
}

/** All that is wrong with each field, a line each. */
export function problemsByField(
  problems: readonly { field: string; message: string }[],
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { field, message } of problems) {
    found[field] = field in found ? `${found[field]}\n${message}` : message;
  }
  return found;
}
