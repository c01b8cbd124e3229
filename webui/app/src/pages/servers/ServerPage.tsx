/** One server: how it has fared for a day, what helped here, its events and executions. */
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import {
  getServer,
  listEvents,
  listExecutions,
  type Event,
  type Execution,
  type Remedy,
  type ServerWhole,
} from '@/api/client';
import { May } from '@/auth/roles';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Listing } from '@/ui/Listing';
import { Asked, Nothing, Page } from '@/ui/Page';
import { SeverityBadge, Word } from '@/ui/words';
import { useRunColumns } from '../executions/Executions';
import { RunCommand } from '../executions/RunCommand';
import { bestFirst, helpOf } from './remedies';
import { Standing } from './Standing';
import { Strip } from './Strip';

export default function ServerPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const found = useQuery({
    queryKey: ['servers', 'one', id],
    queryFn: async ({ signal }) => (await getServer({ path: { server_id: id }, signal })).data,
  });
  return (
    <Page
      title={id}
      description={t('server.description')}
      actions={
        <May least="operator">
          <RunCommand server={id} />
        </May>
      }
    >
      <SpaceBetween size="l">
        <Asked query={found}>{(data) => <Facts data={data} />}</Asked>
        <Events id={id} />
        <Runs id={id} />
      </SpaceBetween>
    </Page>
  );
}

function Facts({ data }: { data: ServerWhole }) {
  const { t } = useTranslation();
  const { server } = data;
  return (
    <SpaceBetween size="l">
      {server.contested_by && (
        <Alert type="error" header={t('server.contested', { name: server.contested_by })}>
          {t('server.contested_more')}
        </Alert>
      )}
      <Standing data={data} />
      <Container header={<Header variant="h2">{t('server.day')}</Header>}>
        <SpaceBetween size="m">
          <Strip hours={data.hours} server={server.server_id} />
          <KeyValuePairs
            columns={4}
            items={[
              {
                label: t('column.minion_id'),
                value: server.minion_id ?? (
                  <StatusIndicator type="warning">{t('server.no_minion')}</StatusIndicator>
                ),
              },
              { label: t('server.services'), value: data.services.join(', ') || '–' },
              { label: t('column.os'), value: server.os || '–' },
              { label: t('column.seen_at'), value: <Time at={server.seen_at} /> },
            ]}
          />
        </SpaceBetween>
      </Container>
      <Remedies rows={data.remedies} />
    </SpaceBetween>
  );
}

const LOOKS = { always: 'success', sometimes: 'warning', never: 'stopped' } as const;

function Remedies({ rows }: { rows: readonly Remedy[] }) {
  const { t } = useTranslation();
  return (
    <Table
      variant="container"
      items={bestFirst(rows)}
      trackBy="solution_name"
      header={
        <Header variant="h2" description={t('server.remedies_more')}>
          {t('server.remedies')}
        </Header>
      }
      empty={<Nothing words={t('server.no_remedies')} />}
      columnDefinitions={[
        {
          id: 'name',
          header: t('column.solution_name'),
          isRowHeader: true,
          cell: (row) => row.solution_name,
        },
        {
          id: 'helped',
          header: t('server.helped'),
          cell: (row) => (
            <StatusIndicator type={LOOKS[helpOf(row)]}>
              {t('server.helped_of', { helped: row.helped, runs: row.runs })}
            </StatusIndicator>
          ),
        },
        { id: 'last', header: t('server.last'), cell: (row) => <Time at={row.last_at} /> },
      ]}
    />
  );
}

function Events({ id }: { id: string }) {
  const { t } = useTranslation();
  return (
    <Listing<Event>
      name="server_events"
      topic="events"
      ask={(query, signal) => listEvents({ query, signal })}
      always={{ server_id: [id] }}
      keyOf={(row) => String(row.id)}
      labelOf={(row) => String(row.id)}
      actions={
        <Link to={`/events?${new URLSearchParams({ server_id: id }).toString()}`}>
          {t('server.all_events')}
        </Link>
      }
      columns={[
        {
          id: 'event',
          cell: (row) => <Link to={`/events/${row.id}`}>{`#${row.id}`}</Link>,
          rowHeader: true,
          width: 90,
        },
        { id: 'event_time', cell: (row) => <Time at={row.event_time} />, width: 230 },
        { id: 'severity', cell: (row) => <SeverityBadge value={row.severity} />, width: 110 },
        { id: 'status', cell: (row) => <Word kind="status" value={row.status} />, width: 130 },
        { id: 'outcome', cell: (row) => word(t, 'outcome', row.outcome), width: 170 },
        { id: 'event_message', cell: (row) => row.event_message.slice(0, 160), width: 400 },
      ]}
    />
  );
}

function Runs({ id }: { id: string }) {
  return (
    <Listing<Execution>
      name="server_runs"
      topic="executions"
      ask={(query, signal) => listExecutions({ query, signal })}
      always={{ server_id: [id] }}
      keyOf={(row) => String(row.id)}
      labelOf={(row) => String(row.id)}
      columns={useRunColumns().map(({ sort: _sort, ...column }) => column)}
    />
  );
}
