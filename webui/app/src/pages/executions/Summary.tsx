/** How a run ended on one line: why it waits, its verdict, and what its states came to. */
import { useTranslation } from 'react-i18next';
import type { Execution } from '@/api/client';
import { word } from '@/i18n';

type Counted = Pick<Execution, 'states_succeeded' | 'states_changed' | 'states_failed'>;

/** As Salt says it: `Succeeded: 3 (changed=1), failed: 0`; nothing where no states were run. */
export function useSummary(): (run: Counted) => string {
  const { t } = useTranslation();
  return ({ states_succeeded: succeeded, states_changed: changed, states_failed: failed }) =>
    succeeded === null ? '' : t('run.summary', { succeeded, changed, failed });
}

/** Why it waits, or how it ended. */
export function Result({ run }: { run: Execution }) {
  const { t } = useTranslation();
  if (run.held_by) return <>{t('run.held_by', { rule: word(t, 'rule', run.held_by) })}</>;
  return <>{word(t, 'verdict', run.verdict)}</>;
}
