/** Which events stand behind a bar of the replay. */
import type { Replay, Replayed } from '@/api/client';

/** `changed`, or one bar: what was done, or what would have been. */
export type Bar = 'changed' | `${'was' | 'would'}:${string}`;

export function rowsBehind(rows: readonly Replayed[], bar: Bar): readonly Replayed[] {
  if (bar === 'changed') return rows.filter((row) => row.changed);
  const [side, way] = sidesOf(bar);
  return rows.filter((row) => row[side] === way);
}

/** A way may have colons in it, such as `held: cooldown`. */
function sidesOf(bar: Exclude<Bar, 'changed'>): readonly ['was' | 'would', string] {
  const side = bar.startsWith('was:') ? 'was' : 'would';
  return [side, bar.slice(side.length + 1)];
}

/** How many events the whole replay has behind a bar: more than its rows, where it has very many. */
export function countBehind({ changed, was, would }: Replay['replay'], bar: Bar): number {
  if (bar === 'changed') return changed;
  const [side, way] = sidesOf(bar);
  return (side === 'was' ? was : would)[way] ?? 0;
}

/** All bars that have something behind them, those that differ first. */
export function barsOf({ was, would }: Replay['replay']): readonly Bar[] {
  const of = (side: 'was' | 'would', counts: Readonly<Record<string, number>>) =>
    Object.keys(counts).map((way): Bar => `${side}:${way}`);
  return ['changed', ...of('would', would), ...of('was', was)];
}
