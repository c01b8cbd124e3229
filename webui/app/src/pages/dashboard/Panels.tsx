/** What stands in the way, who is loudest, who is alive, what the model costs. */
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useTranslation } from 'react-i18next';
import type { Engine, Overview, TopEntry } from '@/api/client';
import { useTargetWords } from '@/app/Bars';
import { word } from '@/i18n';
import { Time, Took } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Nothing } from '@/ui/Page';
import { useNumberWords } from './numbers';

/** Halts, windows, what is held and what could not be read. */
export function Standing({ data }: { data: Overview }) {
  const { t } = useTranslation();
  const words = useTargetWords();
  const held = Object.entries(data.held);
  const calm = !data.halts.length && !data.windows.length && !held.length && !data.dead_letters;
  return (
    <Container fitHeight header={<Header variant="h2">{t('dashboard.standing')}</Header>}>
      <SpaceBetween size="s">
        {calm && <StatusIndicator type="success">{t('dashboard.nothing_stands')}</StatusIndicator>}
        {data.halts.map((halt) => (
          <StatusIndicator key={halt.target} type="stopped" colorOverride="red">
            <Link to="/halts">{t('halt.stands', { target: words(halt.target) })}</Link>
          </StatusIndicator>
        ))}
        {data.windows.map((window) => (
          <div key={window.target + window.ends_at}>
            <StatusIndicator type="info">
              <Link to="/windows">{t('window.open_on', { target: words(window.target) })}</Link>
            </StatusIndicator>
            <Box color="text-body-secondary" fontSize="body-s">
              {t('window.until')} <Time at={window.ends_at} />
            </Box>
          </div>
        ))}
        {held.map(([rule, count]) => (
          <StatusIndicator key={rule} type="warning">
            <Link to="/executions?state=held">
              {t('dashboard.held', { count, rule: word(t, 'rule', rule) })}
            </Link>
          </StatusIndicator>
        ))}
        {data.dead_letters > 0 && (
          <StatusIndicator type="warning">
            <Link to="/dead-letters?state=kept">
              {t('dashboard.letters', { count: data.dead_letters })}
            </Link>
          </StatusIndicator>
        )}
      </SpaceBetween>
    </Container>
  );
}

interface TopProps {
  name: 'servers' | 'services';
  rows: readonly TopEntry[];
  field: string;
}

export function Top({ name, rows, field }: TopProps) {
  const { t } = useTranslation();
  const number = useNumberWords();
  const address = (row: TopEntry) =>
    `/events?range=24h&${new URLSearchParams({ [field]: row.name }).toString()}`;
  return (
    <Table
      variant="container"
      contentDensity="compact"
      items={rows}
      trackBy="name"
      header={<Header variant="h2">{t(`dashboard.top_${name}`)}</Header>}
      empty={<Nothing words={t('dashboard.no_events')} />}
      columnDefinitions={[
        {
          id: 'name',
          header: t(`column.${field}`),
          isRowHeader: true,
          cell: (row) =>
            row.name ? <Link to={address(row)}>{row.name}</Link> : t('dashboard.unnamed'),
        },
        { id: 'events', header: t('column.events'), cell: (row) => number(row.events), width: 110 },
      ]}
    />
  );
}

export function Engines({ engines }: { engines: readonly Engine[] }) {
  const { t } = useTranslation();
  return (
    <Table
      variant="container"
      contentDensity="compact"
      items={engines}
      trackBy={(one) => one.owner + one.engine}
      header={<Header variant="h2">{t('dashboard.engines')}</Header>}
      empty={
        <Nothing words={t('dashboard.no_engines')}>
          <StatusIndicator type="error">{t('dashboard.no_engines_more')}</StatusIndicator>
        </Nothing>
      }
      columnDefinitions={[
        {
          id: 'engine',
          header: t('column.engine'),
          cell: (one) => word(t, 'engine', one.engine),
          isRowHeader: true,
        },
        { id: 'owner', header: t('column.owner'), cell: (one) => one.owner },
        {
          id: 'alive',
          header: t('column.alive'),
          cell: (one) => (
            <StatusIndicator type={one.alive ? 'success' : 'error'}>
              {one.alive ? t('dashboard.alive') : t('dashboard.silent')}{' '}
              <Took seconds={one.beat_seconds_ago} />
            </StatusIndicator>
          ),
        },
      ]}
    />
  );
}

export function Spending({ data }: { data: Overview['advice'] }) {
  const { t } = useTranslation();
  const number = useNumberWords();
  const { '24h': day, month, budget_24h: budget } = data;
  const dollars = (value: number) => number(value, { style: 'currency', currency: 'USD' });
  const share = budget.dollars > 0 ? Math.min(100, (day.dollars / budget.dollars) * 100) : 0;
  return (
    <Container header={<Header variant="h2">{t('dashboard.advice')}</Header>}>
      <SpaceBetween size="m">
        <ProgressBar
          value={share}
          label={t('dashboard.budget')}
          description={t('dashboard.budget_of', {
            spent: dollars(day.dollars),
            budget: dollars(budget.dollars),
          })}
        />
        <KeyValuePairs
          columns={3}
          items={[
            {
              label: t('dashboard.calls_24h'),
              value: `${number(day.calls)} / ${number(budget.calls)}`,
            },
            { label: t('dashboard.tokens_24h'), value: number(day.tokens) },
            { label: t('dashboard.month'), value: dollars(month.dollars) },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}
