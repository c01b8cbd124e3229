/** What would have been done in the past, had the runbook been as it is written here. */
import BarChart from '@cloudscape-design/components/bar-chart';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { colorChartsPaletteCategorical1, colorChartsPaletteCategorical2 } from '@/ui/tokens';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { replayRunbooks, type Replay } from '@/api/client';
import { May } from '@/auth/roles';
import { wouldBe } from '@/i18n';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Failure, Nothing } from '@/ui/Page';
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
  const { events, changed, was, would } = replay.replay;
  if (!events) return <Nothing words={t('replay.no_events')} />;
  const ways = [...new Set([...Object.keys(was), ...Object.keys(would)])];
  const bars = (counts: Record<string, number>) =>
    ways.map((way) => ({ x: wouldBe(t, way), y: counts[way] ?? 0 }));
  return (
    <SpaceBetween size="m">
      <StatusIndicator type={changed ? 'info' : 'success'}>
        {t('replay.changed', { count: changed, events })}
      </StatusIndicator>
      {replay.cut && <Alert type="warning">{t('replay.cut')}</Alert>}
      <BarChart
        hideFilter
        horizontalBars
        height={Math.max(160, ways.length * 56)}
        xScaleType="categorical"
        yTickFormatter={(value) => (Number.isInteger(value) ? String(value) : '')}
        ariaLabel={t('replay.title')}
        yTitle={t('dashboard.trend_events')}
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
      <Table
        variant="container"
        contentDensity="compact"
        items={replay.rows}
        trackBy="replayed"
        header={
          <Header variant="h3" counter={`(${replay.rows.length})`}>
            {t('replay.rows')}
          </Header>
        }
        empty={<Nothing words={t('replay.none_changed')} />}
        columnDefinitions={[
          {
            id: 'event',
            header: t('column.event'),
            isRowHeader: true,
            cell: (row) => <Link to={`/events/${row.replayed}`}>{`#${row.replayed}`}</Link>,
          },
          { id: 'at', header: t('column.event_time'), cell: (row) => <Time at={row.event_time} /> },
          { id: 'server', header: t('column.server_id'), cell: (row) => row.server_id },
          { id: 'was', header: t('replay.was'), cell: (row) => wouldBe(t, row.was) },
          { id: 'would', header: t('replay.would'), cell: (row) => wouldBe(t, row.would) },
          { id: 'why', header: t('column.why'), cell: (row) => <Box>{row.words}</Box> },
        ]}
      />
    </SpaceBetween>
  );
}
