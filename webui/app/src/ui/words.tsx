/** Words for states, with a colour and a shape, so that neither has to be seen alone. */
import Badge from '@cloudscape-design/components/badge';
import StatusIndicator, {
  type StatusIndicatorProps,
} from '@cloudscape-design/components/status-indicator';
import { useTranslation } from 'react-i18next';
import { word } from '@/i18n';

type Look = StatusIndicatorProps.Type;

const LOOKS: Readonly<Record<string, Record<string, Look>>> = {
  status: { new: 'pending', processing: 'in-progress', resolved: 'success', failed: 'error' },
  state: {
    held: 'warning',
    planned: 'pending',
    dispatched: 'in-progress',
    running: 'in-progress',
    success: 'success',
    failed: 'error',
    timeout: 'error',
    lost: 'error',
    cancelled: 'stopped',
  },
  outcome: {
    fixed: 'success',
    nothing_to_fix: 'success',
    recovered: 'success',
    by_hand: 'success',
    changed_not_fixed: 'error',
    timeout: 'error',
    lost: 'error',
    no_runbook: 'warning',
    no_minion: 'warning',
    held: 'warning',
    rejected: 'stopped',
    suppressed: 'stopped',
  },
  // A check that finds the service down has done its work.
  checkStatus: { success: 'success', failed: 'warning', timeout: 'error' },
  logStatus: { success: 'success', failed: 'error', timeout: 'error' },
  approvalState: {
    pending: 'pending',
    approved: 'success',
    spent: 'success',
    rejected: 'error',
    refused: 'error',
    expired: 'stopped',
    withdrawn: 'stopped',
  },
  noticeStatus: { pending: 'pending', sent: 'success', given_up: 'error', merged: 'stopped' },
  letterState: { kept: 'warning', requeued: 'success', discarded: 'stopped' },
  archiveState: {
    planned: 'pending',
    written: 'in-progress',
    verified: 'in-progress',
    done: 'success',
  },
  draftState: {
    proposed: 'pending',
    rejected: 'stopped',
    failed: 'error',
    verified: 'success',
    promoted: 'success',
    unused: 'stopped',
  },
  adviceState: {
    gathering: 'in-progress',
    asking: 'in-progress',
    answered: 'success',
    failed: 'error',
    unasked: 'stopped',
  },
};

/** One value of the ledger as an icon with its word. */
export function Word({ kind, value }: { kind: string; value: string | null }) {
  const { t } = useTranslation();
  const look = LOOKS[kind]?.[value ?? ''] ?? 'info';
  if (!value) return <>–</>;
  return <StatusIndicator type={look}>{word(t, kind, value)}</StatusIndicator>;
}

const COLOURS = {
  fatal: 'severity-critical',
  critical: 'severity-high',
  warning: 'severity-medium',
  info: 'severity-neutral',
} as const;

export function SeverityBadge({ value }: { value: string }) {
  const { t } = useTranslation();
  const colour = COLOURS[value as keyof typeof COLOURS] ?? 'grey';
  return <Badge color={colour}>{word(t, 'severity', value)}</Badge>;
}

const MODES = { auto: 'green', ask: 'blue', shadow: 'grey' } as const;

export function ModeBadge({ value }: { value: string }) {
  const { t } = useTranslation();
  return (
    <Badge color={MODES[value as keyof typeof MODES] ?? 'grey'}>{word(t, 'mode', value)}</Badge>
  );
}
