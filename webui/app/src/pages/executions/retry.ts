/** Running again what failed: the same input, only on the servers where it failed. */
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { retryExecutions, type Execution } from '@/api/client';
import { touch } from '@/live/current';
import { tell, tellError, warn } from '@/ui/notices';

const ENDED_BADLY: ReadonlySet<string> = new Set(['failed', 'timeout', 'lost', 'cancelled']);
const REFUSED: ReadonlySet<string> = new Set(['conflict', 'halted', 'not_found']);

export function canRetry(run: Pick<Execution, 'state'>): boolean {
  return ENDED_BADLY.has(run.state);
}

export function useRetry() {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);

  /** Gives the ids of the new executions. */
  async function retry(ids: number[]): Promise<readonly number[]> {
    setBusy(true);
    try {
      const headers = { 'Idempotency-Key': crypto.randomUUID() };
      const { items } = (await retryExecutions({ body: { ids }, headers })).data;
      const refused = items.filter((one) => REFUSED.has(one.became));
      const made = items.flatMap((one) => one.made ?? []);
      if (made.length) tell(t('run.retried', { count: made.length }));
      const why = refused.map((one) => `#${one.id}: ${one.words} ${one.remedy}`).join(' ');
      if (refused.length) warn(t('run.not_retried', { count: refused.length }), why);
      touch('executions', 'events', 'approvals');
      return made;
    } catch (error) {
      tellError(t, error);
      return [];
    } finally {
      setBusy(false);
    }
  }

  return { retry, busy };
}
