/** The output of a step from the API: a range of its bytes, or all of it. */
import { problemOf } from '@/api/problems';
import { sessions } from '@/auth/current';
import { aligned, readable, readRange, TAIL, type Held } from './output';

type Which = 'result' | 'original';

export async function fetchResult(
  id: number,
  range: string | null,
  signal?: AbortSignal,
  which: Which = 'result',
) {
  const url = new URL(`/api/v1/logs/${id}/${which}`, location.origin);
  const headers = range ? { Range: range } : undefined;
  const answer = await sessions.fetch(new Request(url, { headers, signal }));
  if (!answer.ok && answer.status !== 416) {
    throw problemOf(await answer.json().catch(() => null), answer);
  }
  return answer;
}

export async function piece(id: number, range: string, signal?: AbortSignal): Promise<Held> {
  const ranged = await fetchResult(id, range, signal);
  // There is nothing at all: then the whole is small.
  const answer = ranged.status === 416 ? await fetchResult(id, null, signal) : ranged;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { bytes, ...readRange(answer.headers.get('Content-Range'), bytes.length) };
}

/** The end of an output, which is what one wants to see first. */
export async function tailOf(id: number, signal?: AbortSignal): Promise<Held> {
  return aligned(await piece(id, `bytes=-${TAIL}`, signal));
}

/** All of an output as people are to read it, or as it was before it was corrected. */
export async function textOf(
  id: number,
  { signal, which }: { signal?: AbortSignal; which?: Which } = {},
): Promise<string> {
  const answer = await fetchResult(id, null, signal, which);
  return readable(new Uint8Array(await answer.arrayBuffer()));
}

/** All of an output, to the letter: for a person who changes a part of it. */
export async function letterByLetter(id: number, signal?: AbortSignal): Promise<string> {
  return (await fetchResult(id, null, signal)).text();
}
