/** Running again what failed: the same input, only on the servers where it failed. */
import type { TFunction } from 'i18next';
import { retryExecutions, type Execution } from '@/api/client';
import { touch } from '@/live/current';
import { tell, warn } from '@/ui/notices';

const ENDED_BADLY: ReadonlySet<string> = new Set(['failed', 'timeout', 'lost', 'cancelled']);
const REFUSED: ReadonlySet<string> = new Set(['conflict', 'halted', 'not_found']);
const MOST = 100;

export function canRetry(run: Pick<Execution, 'state'>): boolean {
  return ENDED_BADLY.has(run.state);
}

/** Gives the ids of the new executions, and tells what became of each. */
export async function retry(t: TFunction, ids: readonly number[]): Promise<readonly number[]> {
  const made: number[] = [];
  const refused: string[] = [];
  try {
    for (let start = 0; start < ids.length; start += MOST) {
      const headers = { 'Idempotency-Key': crypto.randomUUID() };
      const body = { ids: ids.slice(start, start + MOST) };
      const { items } = (await retryExecutions({ body, headers })).data;
      for (const one of items) {
        if (one.made !== null) made.push(one.made);
        if (REFUSED.has(one.became)) refused.push(`#${one.id}: ${one.words} ${one.remedy}`);
      }
    }
  } finally {
    touch('executions', 'events', 'approvals');
  }
  if (made.length) tell(t('run.retried', { count: made.length }));
  if (refused.length) warn(t('run.not_retried', { count: refused.length }), refused.join(' '));
  return made;
}
