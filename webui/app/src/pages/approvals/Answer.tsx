/** The answer of a person: approve, reject, or edit; what forbids it is told and not hidden. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { approve, reject, type ApprovalWhole } from '@/api/client';
import { useMay } from '@/auth/roles';
import { touch } from '@/live/current';
import { Confirm } from '@/ui/Confirm';
import { useShortcut } from '@/ui/keys';
import { tell } from '@/ui/notices';
import { readPreview } from './preview';

/** Where the page says why not; the key for approving leads there. */
export const OBSTACLE = 'approval-obstacle';

interface Props {
  whole: ApprovalWhole;
  onAnswered: () => void;
  onEdit: () => void;
}

/** Why the person may not approve it now, in their language; empty if they may. */
export function useObstacle({ may_approve }: ApprovalWhole): string {
  const { t } = useTranslation();
  const { allowed, reason, words } = may_approve;
  return allowed ? '' : t(`approval.because.${reason}`, { defaultValue: words });
}

export function Answer({ whole, onAnswered, onEdit }: Props) {
  const { t } = useTranslation();
  const may = useMay('operator');
  const obstacle = useObstacle(whole);
  const [asked, setAsked] = useState<'approve' | 'reject' | null>(null);
  const refuse = () => document.getElementById(OBSTACLE)?.focus();
  useShortcut('a', 'approval.approve', () => {
    if (may) return obstacle ? refuse() : setAsked('approve');
  });
  useShortcut('r', 'approval.reject', () => may && setAsked('reject'));
  useShortcut('e', 'approval.edit', () => may && whole.fix && onEdit());
  if (!may) return null;
  return (
    <SpaceBetween direction="horizontal" size="xs">
      {whole.fix && <Button onClick={onEdit}>{t('approval.edit')}</Button>}
      <Button onClick={() => setAsked('reject')}>{t('approval.reject')}</Button>
      <Button
        variant="primary"
        disabled={Boolean(obstacle)}
        disabledReason={obstacle}
        onClick={() => setAsked('approve')}
      >
        {t('approval.approve')}
      </Button>
      {asked && (
        <Sure whole={whole} answer={asked} onEnd={() => setAsked(null)} onAnswered={onAnswered} />
      )}
    </SpaceBetween>
  );
}

interface SureProps {
  whole: ApprovalWhole;
  answer: 'approve' | 'reject';
  onEnd: () => void;
  onAnswered: () => void;
}

/** A shell script can do anything, so its server is typed before it is let loose there. */
function Sure({ whole, answer, onEnd, onAnswered }: SureProps) {
  const { t } = useTranslation();
  const { approval, fix } = whole;
  const approves = answer === 'approve';
  const dangerous = approves && fix?.kind === 'shell';
  const preview = readPreview(whole.preview);
  async function send(comment: string) {
    const about = {
      path: { approval_id: approval.id },
      body: { digest: approval.digest, comment },
    };
    await (approves ? approve(about) : reject(about));
    tell(t(approves ? 'approval.approved' : 'approval.rejected', { id: approval.id }));
    touch('approvals', 'executions', 'events');
    onAnswered();
  }
  return (
    <Confirm
      title={t(approves ? 'approval.approve_title' : 'approval.reject_title', { id: approval.id })}
      words={
        <SpaceBetween size="s">
          <Box>{t(approves ? 'approval.approve_words' : 'approval.reject_words')}</Box>
          <Box fontWeight="bold">{approval.servers.join(', ')}</Box>
          {approves && !preview && <Alert type="warning">{t('preview.missing')}</Alert>}
          {approves && preview?.serviceUp && <Alert type="warning">{t('preview.up')}</Alert>}
        </SpaceBetween>
      }
      button={t(approves ? 'approval.approve' : 'approval.reject')}
      reason={approves ? 'optional' : 'required'}
      reasonLabel={t('approval.comment')}
      typed={dangerous ? approval.servers[0] : undefined}
      onEnd={onEnd}
      onDo={send}
    />
  );
}
