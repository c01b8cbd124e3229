/** The same done to many events: to those that are ticked, or to all that match, chunk by chunk. */
import type { Became } from '@/api/client';

export interface Progress {
  found: number;
  done: number;
  refused: readonly Became[];
  succeeded: number;
}

interface Outside {
  /** Ids of one page of what matches, and the cursor of the next. */
  page: (cursor: string | null) => Promise<{ ids: number[]; next: string | null }>;
  act: (ids: number[]) => Promise<readonly Became[]>;
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
}

export const CHUNK = 200;

// Codes of refusals; every other word, such as `closed` or `already`, is what it has become.
const REFUSED = new Set(['conflict', 'halted', 'not_found']);

/** All ids first, so that what an action changes cannot move the list under it. */
async function collect({ page, signal, onProgress }: Outside): Promise<number[]> {
  const ids = new Set<number>();
  let cursor: string | null = null;
  do {
    signal.throwIfAborted();
    const found: Awaited<ReturnType<Outside['page']>> = await page(cursor);
    for (const id of found.ids) ids.add(id);
    cursor = found.next;
    onProgress({ found: ids.size, done: 0, refused: [], succeeded: 0 });
  } while (cursor !== null);
  return [...ids];
}

export async function actOnAll(outside: Outside): Promise<Progress> {
  return actOn(await collect(outside), outside);
}

export async function actOn(
  ids: readonly number[],
  { act, onProgress, signal }: Pick<Outside, 'act' | 'onProgress' | 'signal'>,
): Promise<Progress> {
  let progress: Progress = { found: ids.length, done: 0, refused: [], succeeded: 0 };
  for (let from = 0; from < ids.length; from += CHUNK) {
    signal.throwIfAborted();
    const chunk = ids.slice(from, from + CHUNK);
    const became = await act(chunk);
    const refused = became.filter((one) => REFUSED.has(one.became));
    progress = {
      found: ids.length,
      done: from + chunk.length,
      refused: [...progress.refused, ...refused],
      succeeded: progress.succeeded + became.length - refused.length,
    };
    onProgress(progress);
  }
  return progress;
}
