/** Events of the last 24 hours, by the hour. */
import BarChart from '@cloudscape-design/components/bar-chart';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import {
  colorChartsStatusCritical,
  colorChartsStatusHigh,
  colorChartsStatusMedium,
  colorChartsStatusNeutral,
} from '@/ui/tokens';
import { useTranslation } from 'react-i18next';
import type { HourOfEvents } from '@/api/client';
import { usePreferences } from '@/app/preferences';
import { clockTime, zoneName } from '@/time/time';
import { Nothing } from '@/ui/Page';
import { SEVERITIES } from '../fields';

const COLOURS = {
  fatal: colorChartsStatusCritical,
  critical: colorChartsStatusHigh,
  warning: colorChartsStatusMedium,
  info: colorChartsStatusNeutral,
};

export function Trend({ hours }: { hours: readonly HourOfEvents[] }) {
  const { t } = useTranslation();
  const { zone } = usePreferences();
  const hourOf = (iso: string) => clockTime(new Date(iso), zone).slice(0, 5);
  const none = hours.every((hour) => SEVERITIES.every((one) => hour[one] === 0));
  const most = Math.max(1, ...hours.map((hour) => SEVERITIES.reduce((n, one) => n + hour[one], 0)));
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" description={t('dashboard.trend_more', { zone: zoneName(zone) })}>
          {t('dashboard.trend')}
        </Header>
      }
    >
      {none ? (
        <Nothing words={t('dashboard.no_events')} />
      ) : (
        <BarChart
          stackedBars
          hideFilter
          height={220}
          xScaleType="categorical"
          yDomain={[0, most]}
          yTickFormatter={(value) => (Number.isInteger(value) ? String(value) : '')}
          xDomain={hours.map((hour) => hourOf(hour.from))}
          xTickFormatter={(text) => (Number(text.slice(0, 2)) % 3 === 0 ? text : '')}
          ariaLabel={t('dashboard.trend')}
          xTitle={t('dashboard.trend_hour', { zone: zoneName(zone) })}
          yTitle={t('dashboard.trend_events')}
          series={SEVERITIES.map((one) => ({
            type: 'bar',
            title: t(`severity.${one}`),
            color: COLOURS[one],
            data: hours.map((hour) => ({ x: hourOf(hour.from), y: hour[one] })),
          }))}
        />
      )}
    </Container>
  );
}
