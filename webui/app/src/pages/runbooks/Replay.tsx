/** What would have been done in the past, had the runbook been as it is written here. */
import BarChart from '@cloudscape-design/components/bar-chart';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Pagination from '@cloudscape-design/components/pagination';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { English } from '@/ui/English';
import { colorChartsPaletteCategorical1, colorChartsPaletteCategorical2 } from '@/ui/tokens';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { replayRunbooks, type Replay, type Replayed } from '@/api/client';
import { May } from '@/auth/roles';
import { wouldBe } from '@/i18n';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Failure, Nothing } from '@/ui/Page';
import { barsOf, countBehind, rowsBehind, type Bar } from './behind';
import type { Fields } from './fields';

const SPANS = [1, 7, 30, 90] as const;

export function ReplayTab({ fields, id }: { fields: Fields; id: number | null }) {
  const { t } = useTranslation();
  return (
    <May least="operator">
      <Container
        header={
          <Header variant="h2" description={t('replay.words')}>
            {t('replay.title')}
          </Header>
        }
      >
        <Asking fields={fields} id={id} />
      </Container>
    </May>
  );
}

function Asking({ fields, id }: { fields: Fields; id: number | null }) {
  const { t } = useTranslation();
  const [days, setDays] = useState(30);
  const asked = useMutation({
    mutationFn: async () => {
      const { data } = await replayRunbooks({ body: { days, runbook_id: id, runbook: fields } });
      return data;
    },
  });
  const options = SPANS.map((count) => ({
    value: String(count),
    label: t('replay.days', { count }),
  }));
  return (
    <SpaceBetween size="m">
      <SpaceBetween direction="horizontal" size="s">
        <Select
          ariaLabel={t('replay.span')}
          selectedOption={options.find((one) => one.value === String(days)) ?? null}
          options={options}
          onChange={({ detail }) => setDays(Number(detail.selectedOption.value))}
        />
        <Button variant="primary" loading={asked.isPending} onClick={() => asked.mutate()}>
          {t('replay.go')}
        </Button>
      </SpaceBetween>
      {asked.error && <Failure error={asked.error} />}
      {asked.data && <Shown replay={asked.data} />}
    </SpaceBetween>
  );
}

function Shown({ replay }: { replay: Replay }) {
  const { t } = useTranslation();
  const [chosen, setBar] = useState<Bar | null>(null);
  const { events, changed } = replay.replay;
  // Where nothing would go another way, all that would be done is looked at.
  const bar = chosen ?? (changed ? 'changed' : (barsOf(replay.replay)[1] ?? 'changed'));
  if (!events) return <Nothing words={t('replay.no_events')} />;
  return (
    <SpaceBetween size="m">
      <StatusIndicator type={changed ? 'info' : 'success'}>
        {t('replay.changed', { count: changed, events })}
      </StatusIndicator>
      {replay.cut && <Alert type="warning">{t('replay.cut')}</Alert>}
      <Ways replay={replay} onChoose={setBar} />
      <Behind key={bar} replay={replay} bar={bar} onChoose={setBar} />
    </SpaceBetween>
  );
}

interface ChosenProps {
  replay: Replay;
  onChoose: (bar: Bar) => void;
}

/** What was done and what would have been, side by side; each bar leads to its events. */
function Ways({ replay, onChoose }: ChosenProps) {
  const { t } = useTranslation();
  const { was, would } = replay.replay;
  const ways = [...new Set([...Object.keys(was), ...Object.keys(would)])];
  const wayOf = new Map(ways.map((way) => [wouldBe(t, way), way]));
  const bars = (counts: Record<string, number>) =>
    ways.map((way) => ({ x: wouldBe(t, way), y: counts[way] ?? 0 }));
  const sides = { [t('replay.was')]: 'was', [t('replay.would')]: 'would' } as const;
  return (
    <BarChart
      hideFilter
      horizontalBars
      height={Math.max(160, ways.length * 56)}
      xScaleType="categorical"
      yTickFormatter={(value) => (Number.isInteger(value) ? String(value) : '')}
      ariaLabel={t('replay.title')}
      yTitle={t('dashboard.trend_events')}
      detailPopoverSeriesContent={({ series, x, y }) => {
        const side = sides[series.title];
        const way = wayOf.get(x);
        const choose = () => side && way && onChoose(`${side}:${way}`);
        return {
          key: series.title,
          value: y ? (
            <Button variant="inline-link" onClick={choose}>
              {t('replay.see', { count: y })}
            </Button>
          ) : (
            '0'
          ),
        };
      }}
      series={[
        {
          type: 'bar',
          title: t('replay.was'),
          color: colorChartsPaletteCategorical2,
          data: bars(was),
        },
        {
          type: 'bar',
          title: t('replay.would'),
          color: colorChartsPaletteCategorical1,
          data: bars(would),
        },
      ]}
    />
  );
}

const PAGE = 25;

/** The events behind one bar, or those that would go another way. */
function Behind({ replay, bar, onChoose }: ChosenProps & { bar: Bar }) {
  const { t } = useTranslation();
  const [page, setPage] = useState(1);
  const rows = rowsBehind(replay.rows, bar);
  const count = countBehind(replay.replay, bar);
  const named = barsOf(replay.replay).map((one) => ({ value: one, label: nameOf(t, replay, one) }));
  return (
    <Table
      variant="container"
      contentDensity="compact"
      wrapLines
      items={rows.slice((page - 1) * PAGE, page * PAGE)}
      trackBy="replayed"
      header={
        <Header
          variant="h3"
          description={rows.length < count ? t('replay.first', { count: rows.length }) : undefined}
          actions={
            <Select
              ariaLabel={t('replay.which')}
              selectedOption={named.find((one) => one.value === bar) ?? null}
              options={named}
              expandToViewport
              onChange={({ detail }) => onChoose(detail.selectedOption.value as Bar)}
            />
          }
        >
          {t('replay.behind')}
        </Header>
      }
      pagination={
        rows.length > PAGE && (
          <Pagination
            currentPageIndex={page}
            pagesCount={Math.ceil(rows.length / PAGE)}
            ariaLabels={{ pageLabel: (n) => t('list.page', { n }) }}
            onChange={({ detail }) => setPage(detail.currentPageIndex)}
          />
        )
      }
      empty={<Nothing words={t('replay.none_changed')} />}
      columnDefinitions={columns(t)}
    />
  );
}

type T = ReturnType<typeof useTranslation>['t'];

function nameOf(t: T, { replay }: Replay, bar: Bar): string {
  const count = countBehind(replay, bar);
  if (bar === 'changed') return `${t('replay.rows')} (${count})`;
  const side = bar.startsWith('was:') ? 'was' : 'would';
  return `${t(`replay.${side}`)}: ${wouldBe(t, bar.slice(side.length + 1))} (${count})`;
}

function columns(t: T): readonly TableProps.ColumnDefinition<Replayed>[] {
  return [
    {
      id: 'event',
      header: t('column.event'),
      isRowHeader: true,
      minWidth: 90,
      cell: (row) => <Link to={`/events/${row.replayed}`}>{`#${row.replayed}`}</Link>,
    },
    { id: 'at', header: t('column.event_time'), cell: (row) => <Time at={row.event_time} /> },
    { id: 'server', header: t('column.server_id'), minWidth: 130, cell: (row) => row.server_id },
    { id: 'was', header: t('replay.was'), minWidth: 110, cell: (row) => wouldBe(t, row.was) },
    { id: 'would', header: t('replay.would'), minWidth: 150, cell: (row) => wouldBe(t, row.would) },
    {
      id: 'why',
      header: t('column.why'),
      minWidth: 260,
      cell: (row) => <English>{row.words}</English>,
    },
  ];
}
