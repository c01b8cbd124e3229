/** What the model has cost by day and by model, against the budget of 24 hours. */
import BarChart, { type BarChartProps } from '@cloudscape-design/components/bar-chart';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { getAdviceUsage, type AdviceUsage, type Overview } from '@/api/client';
import { useOverview } from '@/app/counts';
import { Took } from '@/time/Time';
import { Asked, Nothing } from '@/ui/Page';
import { useNumberWords } from '../dashboard/numbers';
import { useMoney } from './money';
import { DAYS, daysOf, modelsOf } from './usage';

const LONG_DAYS = 30;

export function Spending() {
  const { t } = useTranslation();
  const overview = useOverview();
  const used = useQuery({
    queryKey: ['advice', 'usage'],
    queryFn: async ({ signal }) => {
      const spans = [...Array.from({ length: DAYS }, (_, n) => n + 1), LONG_DAYS];
      const asked = spans.map((days) => getAdviceUsage({ query: { days }, signal }));
      return (await Promise.all(asked)).map((one) => one.data.items);
    },
  });
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header variant="h2" description={t('advice.spending_more')}>
            {t('advice.spending')}
          </Header>
        }
      >
        <SpaceBetween size="m">
          <Asked query={overview} lines={1}>
            {({ advice }) => <Left advice={advice} />}
          </Asked>
          <Asked query={used}>
            {(since) => (
              <ByDay since={since} budget={overview.data?.advice.budget_24h.dollars ?? 0} />
            )}
          </Asked>
        </SpaceBetween>
      </Container>
      {used.data && <ByModel rows={used.data.at(-1) ?? []} />}
    </SpaceBetween>
  );
}

/** What of the budget of the last 24 hours is used. */
function Left({ advice }: { advice: Overview['advice'] }) {
  const { t } = useTranslation();
  const number = useNumberWords();
  const { '24h': day, budget_24h: budget } = advice;
  const dollars = (value: number) => number(value, { style: 'currency', currency: 'USD' });
  return (
    <Box>
      {t('advice.left', {
        spent: dollars(day.dollars),
        budget: dollars(budget.dollars),
        calls: number(day.calls),
        mostCalls: number(budget.calls),
        tokens: number(day.tokens),
        mostTokens: number(budget.tokens),
      })}
    </Box>
  );
}

function ByDay({ since, budget }: { since: readonly (readonly AdviceUsage[])[]; budget: number }) {
  const { t } = useTranslation();
  const money = useMoney();
  const days = daysOf(since.slice(0, DAYS)).toReversed();
  const models = modelsOf(days);
  if (!models.length) return <Nothing words={t('advice.nothing_spent', { count: DAYS })} />;
  const nameOf = (ago: number) =>
    ago === 0 ? t('advice.today') : t('advice.days_ago', { count: ago });
  const sums = days.map((day) => Object.values(day.micros).reduce((sum, n) => sum + n, 0));
  const highest = Math.max(...sums) / 1_000_000;
  // A budget that is far away would leave bars that nobody can see.
  const near = budget > 0 && budget <= highest * 4;
  const series: BarChartProps<string>['series'] = [
    ...models.map((model) => ({
      type: 'bar' as const,
      title: model || t('advice.no_model'),
      valueFormatter: (value: number) => money(value * 1_000_000),
      data: days.map((day) => ({ x: nameOf(day.ago), y: (day.micros[model] ?? 0) / 1_000_000 })),
    })),
    ...(near
      ? [
          {
            type: 'threshold' as const,
            title: t('dashboard.budget'),
            y: budget,
            valueFormatter: (value: number) => money(value * 1_000_000),
          },
        ]
      : []),
  ];
  return (
    <BarChart
      stackedBars
      hideFilter
      height={200}
      xScaleType="categorical"
      xDomain={days.map((day) => nameOf(day.ago))}
      yDomain={[0, (near ? Math.max(highest, budget) : highest) * 1.1]}
      yTickFormatter={(value) => money(value * 1_000_000)}
      ariaLabel={t('advice.spending')}
      xTitle={t('advice.day')}
      yTitle={t('column.cost')}
      series={series}
    />
  );
}

function ByModel({ rows }: { rows: readonly AdviceUsage[] }) {
  const { t } = useTranslation();
  const number = useNumberWords();
  const money = useMoney();
  const column = (id: string, cell: (row: AdviceUsage) => ReactNode) => ({
    id,
    header: t(`column.${id}`),
    cell,
  });
  return (
    <Table
      variant="container"
      items={rows}
      trackBy="model_id"
      enableKeyboardNavigation
      header={<Header variant="h2">{t('advice.by_model', { count: LONG_DAYS })}</Header>}
      empty={<Nothing words={t('advice.nothing_spent', { count: LONG_DAYS })} />}
      columnDefinitions={[
        {
          ...column('model_id', (row) => row.model_id || t('advice.no_model')),
          isRowHeader: true,
          minWidth: 200,
        },
        column('calls', (row) => number(row.calls)),
        column('answered', (row) => number(row.answered)),
        column('input_tokens', (row) => number(row.input_tokens)),
        column('cache_read_tokens', (row) => number(row.cache_read_tokens)),
        column('output_tokens', (row) => number(row.output_tokens)),
        column('cost', (row) => money(row.cost_micros)),
        column('latency', (row) => (
          <Took seconds={row.latency_ms ? row.latency_ms / 1_000 : null} />
        )),
      ]}
    />
  );
}
