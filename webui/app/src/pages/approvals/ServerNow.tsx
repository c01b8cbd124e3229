/** How things stand on the server now, and what its logs said. */
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getLog, type ApprovalWhole, type EventShort, type LogCheck } from '@/api/client';
import { word } from '@/i18n';
import { Recent, Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Asked, Foreign } from '@/ui/Page';
import { SeverityBadge } from '@/ui/words';
import { Output } from '../executions/Output';
import './approvals.css';

type Now = ApprovalWhole['server'];

export function ServerNow({ server }: { server: Now }) {
  const { t } = useTranslation();
  return (
    <Container
      header={
        <Header variant="h2" description={t('approval.server_more')}>
          {t('approval.server')}
        </Header>
      }
    >
      <KeyValuePairs
        columns={3}
        items={[
          {
            label: t('column.server_id'),
            value: (
              <>
                <Link to={`/servers/${encodeURIComponent(server.server_id)}`}>
                  {server.server_id}
                </Link>
                <Box color="text-body-secondary" fontSize="body-s">
                  {server.services.join(', ')}
                </Box>
              </>
            ),
          },
          { label: t('column.minion_id'), value: <Minion server={server} /> },
          { label: t('approval.last_check'), value: <LastCheck server={server} /> },
          { label: t('approval.open_events'), value: <Open events={server.open_events} /> },
        ]}
      />
    </Container>
  );
}

function Minion({ server }: { server: Now }) {
  const { t } = useTranslation();
  if (!server.minion_id) {
    return <StatusIndicator type="warning">{t('approval.no_minion')}</StatusIndicator>;
  }
  return (
    <>
      {server.minion_id}
      <Box color="text-body-secondary" fontSize="body-s">
        {t('column.seen_at')}: {server.seen_at ? <Recent at={server.seen_at} /> : '–'}
      </Box>
      {server.contested_by && (
        <StatusIndicator type="warning">
          {t('approval.contested', { minion: server.contested_by })}
        </StatusIndicator>
      )}
    </>
  );
}

function LastCheck({ server: { last_check: last } }: { server: Now }) {
  const { t } = useTranslation();
  if (!last) return <>{t('approval.never_checked')}</>;
  return (
    <>
      <StatusIndicator type={last.up ? 'success' : 'error'}>
        {t(last.up ? 'approval.was_up' : 'approval.was_down')}
      </StatusIndicator>
      <Box fontSize="body-s">
        <Time at={last.executed_at} />
      </Box>
      <Box fontSize="body-s">
        <Link to={`/executions/${last.execution_id}`}>
          {`#${last.execution_id} ${word(t, 'step', last.step)}`}
        </Link>
      </Box>
    </>
  );
}

function Open({ events }: { events: readonly EventShort[] }) {
  const { t } = useTranslation();
  if (!events.length) return <>{t('approval.no_open_events')}</>;
  return (
    <ul className="open-events">
      {events.map((event) => (
        <li key={event.id}>
          <SeverityBadge value={event.severity} />{' '}
          <Link to={`/events/${event.id}`}>{`#${event.id}`}</Link> <Recent at={event.event_time} />
        </li>
      ))}
    </ul>
  );
}

/** What the logs said, newest first; the text is fetched when somebody opens it. */
export function Logs({ evidence }: { evidence: readonly LogCheck[] }) {
  const { t } = useTranslation();
  if (!evidence.length) return null;
  return (
    <Container
      header={
        <Header variant="h2" description={t('approval.evidence_more')}>
          {t('approval.evidence')}
        </Header>
      }
    >
      <SpaceBetween size="s">
        {evidence.map((one, place) => (
          <LogText key={one.log_id} check={one} open={place === 0} />
        ))}
      </SpaceBetween>
    </Container>
  );
}

function LogText({ check, open: first }: { check: LogCheck; open: boolean }) {
  const [open, setOpen] = useState(first);
  const log = useQuery({
    queryKey: ['logs', 'one', check.log_id],
    enabled: open,
    meta: { still: true },
    queryFn: async ({ signal }) => (await getLog({ path: { log_id: check.log_id }, signal })).data,
  });
  return (
    <ExpandableSection
      expanded={open}
      onChange={({ detail }) => setOpen(detail.expanded)}
      headerText={<Foreign text={check.name} />}
    >
      <Box color="text-body-secondary" fontSize="body-s">
        {check.server_id} · <Time at={check.executed_at} />
      </Box>
      <Asked query={log}>{(found) => <Output log={found} />}</Asked>
    </ExpandableSection>
  );
}
