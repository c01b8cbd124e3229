/** What the ways to people answered, in few words; and what a thread of notices is about. */
import type { NoticeReceipt } from '@/api/client';

export interface Hop {
  way: string;
  ok: boolean;
  code: string;
  /** How often in a row it answered the same. */
  times: number;
}

/** The answers in their order; a way that said the same several times in a row is one of them. */
export function hopsOf(
  receipts: readonly Pick<NoticeReceipt, 'way' | 'ok' | 'code'>[],
): readonly Hop[] {
  const hops: Hop[] = [];
  for (const { way, ok, code } of receipts) {
    const last = hops.at(-1);
    if (last && last.way === way && last.ok === ok && last.code === code) last.times += 1;
    else hops.push({ way, ok, code, times: 1 });
  }
  return hops;
}

/** What only the log has taken has reached nobody. */
export function lookOf({ way, ok }: Pick<Hop, 'way' | 'ok'>): 'success' | 'warning' | 'error' {
  if (!ok) return 'error';
  return way === 'log' ? 'warning' : 'success';
}

/** The key of the word for an answer, below `receipt`. */
export function answerOf({ way, ok, code }: Pick<Hop, 'way' | 'ok' | 'code'>): string {
  return ok && way === 'log' && code === 'posted' ? 'logged' : code;
}

export interface About {
  /** Its word is below `thread`; empty where the key is of a kind that is not known. */
  kind: string;
  id: string;
  to?: string;
}

const KINDS: Readonly<Record<string, ((id: string) => string) | null>> = {
  event: (id) => `/events/${id}`,
  approval: (id) => `/approvals?id=${id}`,
  halt: () => '/halts',
  storm: null,
  digest: null,
  trouble: null,
};

/** `event:12` is event 12, which has a page. */
export function aboutOf(threadKey: string): About {
  const [kind = '', ...rest] = threadKey.split(':');
  const id = rest.join(':');
  if (!Object.hasOwn(KINDS, kind)) return { kind: '', id: threadKey };
  if (kind === 'digest') return { kind: `digest_${rest[0] === 'quiet' ? 'quiet' : 'daily'}`, id };
  const to = /^[1-9]\d*$/.test(id) ? KINDS[kind]?.(id) : undefined;
  return to ? { kind, id, to } : { kind, id };
}
