/** What is going on, in one look: good news as good news, bad news first. */
import Box from '@cloudscape-design/components/box';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Overview } from '@/api/client';
import { useOverview } from '@/app/counts';
import { Recent, Took } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Asked, Page } from '@/ui/Page';
import { Engines, Spending, Standing, Top } from './Panels';
import { useNumberWords } from './numbers';
import { Trend } from './Trend';
import { Untold } from './Untold';

export default function Dashboard() {
  const { t } = useTranslation();
  const overview = useOverview();
  return (
    <Page title={t('dashboard.title')} description={t('dashboard.description')}>
      <Asked query={overview} lines={8}>
        {(data) => <Content data={data} />}
      </Asked>
    </Page>
  );
}

function Content({ data }: { data: Overview }) {
  return (
    <SpaceBetween size="l">
      <Untold notices={data.notices} />
      <Now data={data} />
      <Grid
        gridDefinition={[{ colspan: { default: 12, s: 8 } }, { colspan: { default: 12, s: 4 } }]}
      >
        <Trend hours={data.events.by_hour} />
        <Standing data={data} />
      </Grid>
      <Rescued data={data} />
      <Grid
        gridDefinition={[
          { colspan: { default: 12, xs: 6, s: 3 } },
          { colspan: { default: 12, xs: 6, s: 3 } },
          { colspan: { default: 12, s: 6 } },
        ]}
      >
        <Top name="servers" rows={data.top.servers} field="server_id" />
        <Top name="services" rows={data.top.services} field="service_type" />
        <SpaceBetween size="l">
          <Engines engines={data.engines} />
          <Spending data={data.advice} />
        </SpaceBetween>
      </Grid>
    </SpaceBetween>
  );
}

function Now({ data }: { data: Overview }) {
  const { t } = useTranslation();
  const { open, by_severity: day } = data.events;
  const serious = open.fatal + open.critical;
  return (
    <Container header={<Header variant="h2">{t('dashboard.now')}</Header>}>
      <SpaceBetween size="m">
        {serious === 0 && <StatusIndicator type="success">{t('dashboard.calm')}</StatusIndicator>}
        <ColumnLayout columns={4} variant="text-grid" minColumnWidth={170}>
          <Figure
            label={t('dashboard.fatal_open')}
            value={open.fatal}
            bad
            to="/events?severity=fatal&status=new&status=processing"
            below={t('dashboard.in_24h', { count: day.fatal })}
          />
          <Figure
            label={t('dashboard.critical_open')}
            value={open.critical}
            bad
            to="/events?severity=critical&status=new&status=processing"
            below={t('dashboard.in_24h', { count: day.critical })}
          />
          <Figure
            label={t('dashboard.approvals')}
            value={data.approvals.waiting}
            plus={data.approvals.waiting_is_bounded}
            to="/approvals"
            below={<OldestAsked at={data.approvals.oldest_asked_at} />}
          />
          <Figure
            label={t('dashboard.unclaimed')}
            value={data.events.new}
            to="/events?status=new"
            below={<OldestUnclaimed seconds={data.events.oldest_unclaimed_seconds} />}
          />
        </ColumnLayout>
      </SpaceBetween>
    </Container>
  );
}

function OldestAsked({ at }: { at: string | null }) {
  const { t } = useTranslation();
  if (!at) return <>{t('dashboard.nobody_waits')}</>;
  return (
    <>
      {t('dashboard.oldest')} <Recent at={at} />
    </>
  );
}

function OldestUnclaimed({ seconds }: { seconds: number | null }) {
  const { t } = useTranslation();
  if (seconds === null) return <>{t('dashboard.all_claimed')}</>;
  return (
    <>
      {t('dashboard.waits_since')} <Took seconds={seconds} />
    </>
  );
}

interface FigureProps {
  label: string;
  value: number;
  plus?: boolean;
  bad?: boolean;
  to?: string;
  below?: ReactNode;
}

function Figure({ label, value, plus, bad, to, below }: FigureProps) {
  const number = useNumberWords();
  const text = `${number(value)}${plus ? '+' : ''}`;
  const colour = bad && value > 0 ? 'text-status-error' : undefined;
  return (
    <div>
      <Box variant="awsui-key-label">{label}</Box>
      <Box fontSize="display-l" fontWeight="bold" color={colour}>
        {to && value > 0 ? (
          <Link to={to} label={`${label}: ${text}`}>
            <Box fontSize="display-l" fontWeight="bold" color={colour} variant="span">
              {text}
            </Box>
          </Link>
        ) : (
          text
        )}
      </Box>
      <Box color="text-body-secondary" fontSize="body-s">
        {below}
      </Box>
    </div>
  );
}

function Rescued({ data }: { data: Overview }) {
  const { t } = useTranslation();
  return (
    <Container
      header={
        <Header variant="h2" description={t('dashboard.rescued_more')}>
          {t('dashboard.rescued')}
        </Header>
      }
    >
      <ColumnLayout columns={2}>
        {(['24h', '7d'] as const).map((span) => (
          <Rescues key={span} title={t(`dashboard.span_${span}`)} found={data.rescues[span]} />
        ))}
      </ColumnLayout>
    </Container>
  );
}

function Rescues({ title, found }: { title: string; found: Overview['rescues']['24h'] }) {
  const { t } = useTranslation();
  const number = useNumberWords();
  const rate = found.rate === null ? '–' : number(found.rate, { style: 'percent' });
  const counts = { fixed: number(found.fixed), failed: number(found.failed) };
  return (
    <SpaceBetween size="s">
      <Box variant="h3">{title}</Box>
      <ColumnLayout columns={3} variant="text-grid" minColumnWidth={110}>
        <div>
          <Box variant="awsui-key-label">{t('dashboard.rate')}</Box>
          <Box fontSize="heading-xl" fontWeight="bold">
            {rate}
          </Box>
          <Box color="text-body-secondary" fontSize="body-s">
            {found.rate === null ? t('dashboard.nothing_to_rescue') : t('dashboard.of', counts)}
          </Box>
        </div>
        {(['p50', 'p95'] as const).map((part) => (
          <div key={part}>
            <Box variant="awsui-key-label">{t(`dashboard.${part}`)}</Box>
            <Box fontSize="heading-xl" fontWeight="bold">
              <Took seconds={found[`seconds_${part}`]} />
            </Box>
          </div>
        ))}
      </ColumnLayout>
    </SpaceBetween>
  );
}
