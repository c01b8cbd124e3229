/** Which step of a run somebody has come for, and when a run is still to be watched. */
import type { EventLog } from '@/api/client';

const UNDER_WAY: ReadonlySet<string> = new Set(['planned', 'dispatched', 'running']);

export function isUnderWay(run: { state: string }): boolean {
  return UNDER_WAY.has(run.state);
}

/** The step that failed first, or else the fix: that is what somebody came for. */
export function stepOfInterest(logs: readonly EventLog[]): EventLog | undefined {
  const failed = logs.find((log) => log.step !== 'check' && log.execution_status !== 'success');
  return failed ?? logs.find((log) => log.step === 'fix') ?? logs.at(-1);
}
