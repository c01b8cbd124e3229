/** What the model was asked: how each question ended, what it has cost, and what is left to spend. */
import Tabs from '@cloudscape-design/components/tabs';
import { useTranslation } from 'react-i18next';
import { listAdvice, type Advice as Row } from '@/api/client';
import { Time, Took } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Listing, type Column } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { Word } from '@/ui/words';
import { useAddress } from '../address';
import { useNumberWords } from '../dashboard/numbers';
import { ADVICE } from '../fields';
import { useMoney } from './money';
import { Spending } from './Spending';

export default function Advice() {
  const { t } = useTranslation();
  return (
    <Page title={t('list.advice.title')} description={t('list.advice.description')}>
      <Tabs
        ariaLabel={t('list.advice.title')}
        tabs={[
          { id: 'questions', label: t('advice.questions'), content: <Questions /> },
          { id: 'spending', label: t('advice.spending'), content: <Spending /> },
        ]}
      />
    </Page>
  );
}

function Questions() {
  return (
    <Listing<Row>
      name="advice"
      topic="advice"
      ask={(query, signal) => listAdvice({ query, signal })}
      columns={useColumns()}
      keyOf={(row) => String(row.id)}
      labelOf={(row) => `#${row.id}`}
      fields={ADVICE}
      search={useAddress()}
      dated
      seen={(rows) => ({ service_type: [...new Set(rows.map((row) => row.service_type))] })}
    />
  );
}

function useColumns(): readonly Column<Row>[] {
  const { t } = useTranslation();
  const number = useNumberWords();
  const money = useMoney();
  return [
    {
      id: 'advice',
      cell: (row) => <Link to={`/advice/${row.id}`}>{t('advice.title', { id: row.id })}</Link>,
      rowHeader: true,
      width: 110,
    },
    { id: 'begun_at', cell: (row) => <Time at={row.begun_at} />, width: 220, sort: 'begun_at' },
    { id: 'state', cell: (row) => <Word kind="adviceState" value={row.state} />, width: 150 },
    {
      id: 'of_event',
      cell: (row) => (
        <Link to={`/events/${row.cloudwatch_event_id}`}>{`#${row.cloudwatch_event_id}`}</Link>
      ),
      width: 110,
    },
    { id: 'service_type', cell: (row) => row.service_type, width: 110 },
    { id: 'calls', cell: (row) => number(row.calls), width: 90, extra: true },
    {
      id: 'tokens',
      cell: (row) => t('advice.tokens', { in: tokensIn(row), out: row.output_tokens }),
      width: 180,
    },
    { id: 'cost', cell: (row) => money(row.cost_micros), width: 120 },
    {
      id: 'latency',
      cell: (row) => <Took seconds={row.latency_ms ? row.latency_ms / 1_000 : null} />,
      width: 100,
    },
    { id: 'model_id', cell: (row) => row.model_id || '–', width: 270 },
    { id: 'advice_error', cell: (row) => row.error ?? '–', width: 320 },
  ];
}

/** All that was read by the model, also what it had at hand already. */
export function tokensIn(
  row: Pick<Row, 'input_tokens' | 'cache_read_tokens' | 'cache_write_tokens'>,
) {
  return row.input_tokens + row.cache_read_tokens + row.cache_write_tokens;
}
