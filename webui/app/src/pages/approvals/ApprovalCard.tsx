/** One approval: the exact thing that would run, whole; where, why, what it would change; the answer. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getApproval, type ApprovalWhole, type EventShort } from '@/api/client';
import { useMay } from '@/auth/roles';
import { Recent, Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Asked, Foreign } from '@/ui/Page';
import { SeverityBadge, Word } from '@/ui/words';
import { What } from './Amended';
import { Answer, OBSTACLE, useObstacle } from './Answer';
import { Edit } from './Edit';
import { Evidence, History, Targets } from './Evidence';
import { Logs, ServerNow } from './ServerNow';

interface Props {
  id: number;
  onAnswered: () => void;
}

export function ApprovalCard({ id, onAnswered }: Props) {
  const found = useQuery({
    queryKey: ['approvals', 'one', id],
    queryFn: async ({ signal }) => (await getApproval({ path: { approval_id: id }, signal })).data,
  });
  return (
    <Asked query={found} lines={8}>
      {(whole) => <Card whole={whole} onAnswered={onAnswered} />}
    </Asked>
  );
}

interface CardProps {
  whole: ApprovalWhole;
  onAnswered: () => void;
}

function Card({ whole, onAnswered }: CardProps) {
  const [editing, setEditing] = useState(false);
  return (
    <SpaceBetween size="l">
      <Question whole={whole} onAnswered={onAnswered} onEdit={() => setEditing(true)} />
      {editing ? <Edit whole={whole} onEnd={() => setEditing(false)} /> : <What whole={whole} />}
      <Evidence preview={whole.preview} previewedAt={whole.approval.previewed_at} />
      <ServerNow server={whole.server} />
      <History runs={whole.last_here} />
      <Logs evidence={whole.evidence} />
      <Targets whole={whole} />
    </SpaceBetween>
  );
}

function Question({ whole, onAnswered, onEdit }: CardProps & { onEdit: () => void }) {
  const { t } = useTranslation();
  const { approval, execution, event } = whole;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t('approval.digest_binds')}
          actions={
            approval.state === 'pending' && (
              <Answer whole={whole} onAnswered={onAnswered} onEdit={onEdit} />
            )
          }
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
        {event && <About event={event} />}
        <KeyValuePairs
          columns={4}
          items={[
            {
              label: t('column.state'),
              value: <Word kind="approvalState" value={approval.state} />,
            },
            { label: t('approval.proposed_by'), value: approval.proposed_by },
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

/** The alarm that it is about, so that nobody has to go and look. */
function About({ event }: { event: EventShort }) {
  const { t } = useTranslation();
  return (
    <div>
      <Box variant="awsui-key-label">{t('approval.event')}</Box>
      <SpaceBetween direction="horizontal" size="xs" alignItems="center">
        <SeverityBadge value={event.severity} />
        <Link to={`/events/${event.id}`}>{`#${event.id}`}</Link>
        <Time at={event.event_time} />
        <Word kind="status" value={event.status} />
        <span>{event.service_type}</span>
      </SpaceBetween>
      <Foreign text={event.event_message} />
    </div>
  );
}

function Obstacle({ whole }: { whole: ApprovalWhole }) {
  const { t } = useTranslation();
  const may = useMay('operator');
  const words = useObstacle(whole);
  if (!may || !words || whole.approval.state !== 'pending') return null;
  return (
    <div id={OBSTACLE} tabIndex={-1}>
      <Alert type="info" header={t('approval.obstacle')}>
        {words}
      </Alert>
    </div>
  );
}
