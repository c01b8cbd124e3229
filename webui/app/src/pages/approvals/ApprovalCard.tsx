/** One approval: the exact thing that would run, whole; where, why, what it would change; the answer. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { approve, getApproval, reject, type ApprovalWhole } from '@/api/client';
import { useSession } from '@/auth/current';
import { useMay } from '@/auth/roles';
import { touch } from '@/live/current';
import { Recent, Time } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { useShortcut } from '@/ui/keys';
import { Link } from '@/ui/Link';
import { tell } from '@/ui/notices';
import { Asked, Foreign } from '@/ui/Page';
import { Word } from '@/ui/words';
import { Fix } from '../executions/Fix';
import { Evidence, History, Targets } from './Evidence';
import { readPreview } from './preview';

interface Props {
  id: number;
  onAnswered: () => void;
}

export function ApprovalCard({ id, onAnswered }: Props) {
  const { t } = useTranslation();
  const found = useQuery({
    queryKey: ['approvals', 'one', id],
    queryFn: async ({ signal }) => (await getApproval({ path: { approval_id: id }, signal })).data,
  });
  return (
    <Asked query={found} lines={8}>
      {(whole) => (
        <SpaceBetween size="l">
          <Question whole={whole} onAnswered={onAnswered} />
          <Container header={<Header variant="h2">{t('approval.what')}</Header>}>
            <SpaceBetween size="s">
              <Fix fix={whole.fix} />
              <Box fontSize="body-s" color="text-body-secondary">
                {t('approval.digest')} <span className="mono">{whole.approval.digest}</span>
              </Box>
            </SpaceBetween>
          </Container>
          <Evidence preview={whole.preview} previewedAt={whole.approval.previewed_at} />
          <Targets whole={whole} />
          <History runs={whole.last_here} />
        </SpaceBetween>
      )}
    </Asked>
  );
}

function Question({ whole, onAnswered }: { whole: ApprovalWhole; onAnswered: () => void }) {
  const { t } = useTranslation();
  const { approval, execution } = whole;
  const event = approval.cloudwatch_event_id;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t('approval.digest_binds')}
          actions={approval.state === 'pending' && <Answer whole={whole} onAnswered={onAnswered} />}
        >
          {t('approval.title', { id: approval.id })}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Box>
          <Foreign text={approval.why} />
        </Box>
        <Obstacle whole={whole} />
        <KeyValuePairs
          columns={4}
          items={[
            {
              label: t('column.state'),
              value: <Word kind="approvalState" value={approval.state} />,
            },
            { label: t('approval.proposed_by'), value: approval.proposed_by },
            {
              label: t('column.of_event'),
              value: event ? <Link to={`/events/${event}`}>{`#${event}`}</Link> : '–',
            },
            {
              label: t('column.execution'),
              value: <Link to={`/executions/${execution.id}`}>{`#${execution.id}`}</Link>,
            },
            { label: t('approval.asked_at'), value: <Time at={approval.asked_at} /> },
            {
              label: t('approval.expires_at'),
              value: (
                <>
                  <Time at={approval.expires_at} />
                  {approval.state === 'pending' && (
                    <div>
                      <Recent at={approval.expires_at} />
                    </div>
                  )}
                </>
              ),
            },
            { label: t('approval.decided_by'), value: approval.decided_by ?? '–' },
            { label: t('approval.comment'), value: approval.comment || '–' },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}

function useIsOwn(whole: ApprovalWhole): boolean {
  const session = useSession();
  return session.state === 'in' && whole.approval.proposed_by === `web:${session.user.username}`;
}

function Obstacle({ whole }: { whole: ApprovalWhole }) {
  const { t } = useTranslation();
  const own = useIsOwn(whole);
  if (own && whole.approval.state === 'pending') {
    return <Alert type="info">{t('approval.own')}</Alert>;
  }
  return null;
}

function Answer({ whole, onAnswered }: { whole: ApprovalWhole; onAnswered: () => void }) {
  const { t } = useTranslation();
  const may = useMay('operator');
  const [asked, setAsked] = useState<'approve' | 'reject' | null>(null);
  useShortcut('a', 'approval.approve', () => may && setAsked('approve'));
  useShortcut('r', 'approval.reject', () => may && setAsked('reject'));
  if (!may) return null;
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button onClick={() => setAsked('reject')}>{t('approval.reject')}</Button>
      <Button variant="primary" onClick={() => setAsked('approve')}>
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
