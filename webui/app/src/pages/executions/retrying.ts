/**
 * Which of some executions are worth another try.
 *
 * Invariant: of the same remedy on the same server only the latest run counts, and only when it failed.
 */
import type { Execution } from '@/api/client';

type Run = Pick<
  Execution,
  'id' | 'state' | 'server_id' | 'minion_id' | 'solution_name' | 'runbook_id' | 'command_id'
>;

export type Why = 'succeeded' | 'under_way' | 'cancelled' | 'later';

export interface Choice<R extends Run> {
  again: readonly R[];
  left: readonly { run: R; why: Why }[];
}

const FAILED: ReadonlySet<string> = new Set(['failed', 'timeout', 'lost']);

export function hasFailed(run: Pick<Execution, 'state'>): boolean {
  return FAILED.has(run.state);
}

/** Only what failed or timed out; and why each of the others is left out. */
export function onlyFailed<R extends Run>(runs: readonly R[]): Choice<R> {
  const latest = new Map<string, number>();
  for (const run of runs) latest.set(sameAs(run), Math.max(run.id, latest.get(sameAs(run)) ?? 0));
  const again: R[] = [];
  const left: { run: R; why: Why }[] = [];
  for (const run of runs.toSorted((a, b) => a.id - b.id)) {
    const why = whyNot(run, latest.get(sameAs(run)) ?? run.id);
    if (why) left.push({ run, why });
    else again.push(run);
  }
  return { again, left };
}

function whyNot(run: Run, latest: number): Why | null {
  if (run.state === 'success') return 'succeeded';
  if (run.state === 'cancelled') return 'cancelled';
  if (!hasFailed(run)) return 'under_way';
  return latest === run.id ? null : 'later';
}

function sameAs(run: Run): string {
  return JSON.stringify([run.server_id, run.runbook_id, run.command_id, run.solution_name]);
}
