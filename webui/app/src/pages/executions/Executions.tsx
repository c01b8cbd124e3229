/** What was run: on one line each, as people who know Salt read it. */
import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { listExecutions, type Execution } from '@/api/client';
import { useMay } from '@/auth/roles';
import { word } from '@/i18n';
import { Time, Took } from '@/time/Time';
import { secondsBetween } from '@/time/time';
import { Link } from '@/ui/Link';
import { Listing, type Column } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { Word } from '@/ui/words';
import { useAddress } from '../address';
import { RUNS } from '../fields';
import { RetryAsk } from './RetryAsk';
import { onlyFailed } from './retrying';
import { RunCommand } from './RunCommand';
import { Result, useSummary } from './Summary';

export { Result };

export default function Executions() {
  const { t } = useTranslation();
  const search = useAddress();
  const isOperator = useMay('operator');
  const [ticked, setTicked] = useState<Execution[]>([]);
  const [asked, setAsked] = useState(false);
  const choice = onlyFailed(ticked);
  return (
    <Page
      title={t('list.executions.title')}
      description={t('list.executions.description')}
      actions={isOperator && <RunCommand />}
    >
      <Listing<Execution>
        name="executions"
        topic="executions"
        ask={(query, signal) => listExecutions({ query, signal })}
        columns={useRunColumns()}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => `${row.id} ${row.minion_id}`}
        fields={RUNS}
        search={search}
        dated
        selection={isOperator ? { rows: ticked, onChange: setTicked } : undefined}
        seen={(rows) => ({
          server_id: [...new Set(rows.map((row) => row.server_id))],
          service_type: [...new Set(rows.map((row) => row.service_type))],
          requested_by: [...new Set(rows.map((row) => row.requested_by))],
        })}
        actions={
          isOperator && (
            <Button iconName="redo" disabled={!choice.again.length} onClick={() => setAsked(true)}>
              {t('run.retry_failed', { count: choice.again.length })}
            </Button>
          )
        }
      />
      {asked && (
        <RetryAsk choice={choice} onEnd={() => setAsked(false)} onMade={() => setTicked([])} />
      )}
    </Page>
  );
}

export function useRunColumns(): readonly Column<Execution>[] {
  const { t } = useTranslation();
  const summary = useSummary();
  return [
    {
      id: 'execution',
      cell: (row) => <Link to={`/executions/${row.id}`}>{`#${row.id}`}</Link>,
      width: 130,
      rowHeader: true,
    },
    {
      id: 'planned_at',
      cell: (row) => <Time at={row.planned_at} />,
      width: 230,
      sort: 'planned_at',
    },
    { id: 'minion_id', cell: (row) => row.minion_id || row.server_id, width: 165 },
    { id: 'state', cell: (row) => <Word kind="state" value={row.state} />, width: 115 },
    {
      id: 'result',
      cell: (row) => (
        <>
          {row.states_succeeded !== null && `${summary(row)} · `}
          <Result run={row} />
        </>
      ),
      width: 300,
    },
    { id: 'solution_name', cell: (row) => row.solution_name, width: 200 },
    {
      id: 'took',
      cell: (row) => <Took seconds={secondsBetween(row.started_at, row.finished_at)} />,
      width: 110,
    },
    {
      id: 'of_event',
      cell: (row) =>
        row.cloudwatch_event_id ? (
          <Link to={`/events/${row.cloudwatch_event_id}`}>{`#${row.cloudwatch_event_id}`}</Link>
        ) : (
          '–'
        ),
      width: 100,
    },
    { id: 'requested_by', cell: (row) => row.requested_by, width: 150 },
    { id: 'service_type', cell: (row) => row.service_type, width: 120, extra: true },
    { id: 'attempt', cell: (row) => `${row.attempt} / ${row.attempts}`, width: 90, extra: true },
    {
      id: 'solution_kind',
      cell: (row) => word(t, 'kind', row.solution_kind),
      width: 110,
      extra: true,
    },
  ];
}
