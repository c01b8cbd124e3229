/** What each master's doctor has found last: what to mend first, and good news as good news. */
import Alert from '@cloudscape-design/components/alert';
import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import {
  askDoctor,
  getDoctorReport,
  type DoctorFinding,
  type DoctorReport,
  type MasterFindings,
} from '@/api/client';
import { word } from '@/i18n';
import { live, pollEvery, touch } from '@/live/current';
import { Recent, Time } from '@/time/Time';
import { English } from '@/ui/English';
import { tell, tellError } from '@/ui/notices';
import { Asked, Nothing } from '@/ui/Page';

// While a look is awaited it is asked for often.
const SOON_MS = 2_000;

function isAwaited(report: DoctorReport | undefined): boolean {
  return report?.masters.some((one) => one.asked_again && !one.old) ?? false;
}

export function Doctor() {
  const { t } = useTranslation();
  const found = useQuery({
    queryKey: ['doctor'],
    queryFn: async ({ signal }) => (await getDoctorReport({ signal })).data,
    refetchInterval: ({ state }) => (isAwaited(state.data) ? SOON_MS : pollEvery(live.store.get())),
  });
  return (
    <Container
      header={
        <Header variant="h2" description={t('doctor.description')} actions={<Again />}>
          {t('doctor.title')}
        </Header>
      }
    >
      <Asked query={found}>
        {({ masters }) =>
          masters.length ? (
            <SpaceBetween size="l">
              {masters.map((one) => (
                <Master key={one.master} found={one} />
              ))}
            </SpaceBetween>
          ) : (
            <Nothing words={t('doctor.none')} />
          )
        }
      </Asked>
    </Container>
  );
}

function Again() {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  async function ask() {
    setBusy(true);
    try {
      await askDoctor();
      tell(t('doctor.asked'));
      touch('doctor');
    } catch (error) {
      tellError(t, error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Button iconName="refresh" loading={busy} onClick={() => void ask()}>
      {t('doctor.again')}
    </Button>
  );
}

function Master({ found }: { found: MasterFindings }) {
  const { t } = useTranslation();
  const unwell = found.findings.filter((one) => !one.ok);
  const well = found.findings.filter((one) => one.ok);
  return (
    <section aria-label={found.master}>
      <SpaceBetween size="s">
        <SpaceBetween direction="horizontal" size="m" alignItems="center">
          <Box variant="h3">{found.master}</Box>
          <Verdict found={found} unwell={unwell.length} />
          <span>
            {t('doctor.looked')} <Recent at={found.looked_at} />
          </span>
          {found.asked_again && !found.old && (
            <StatusIndicator type="in-progress">{t('doctor.waiting')}</StatusIndicator>
          )}
        </SpaceBetween>
        {found.old && <Alert type="warning">{t('doctor.old_words')}</Alert>}
        {unwell.map((one) => (
          <Unwell key={one.name} one={one} />
        ))}
        <ExpandableSection
          headerText={t('doctor.show_well', { count: well.length })}
          variant="footer"
        >
          <SpaceBetween size="xs">
            {well.map((one) => (
              <div key={one.name}>
                <StatusIndicator type="success">{word(t, 'finding', one.name)}</StatusIndicator>
                <Box color="text-body-secondary" padding={{ left: 'l' }}>
                  <English>{one.detail}</English>
                </Box>
              </div>
            ))}
          </SpaceBetween>
        </ExpandableSection>
      </SpaceBetween>
    </section>
  );
}

/** What was found long ago is neither good news nor bad. */
function Verdict({ found, unwell }: { found: MasterFindings; unwell: number }) {
  const { t } = useTranslation();
  if (found.old) return <Badge color="grey">{t('doctor.old')}</Badge>;
  return (
    <StatusIndicator type={found.ok ? 'success' : 'error'}>
      {found.ok ? t('doctor.well') : t('doctor.unwell', { count: unwell })}
    </StatusIndicator>
  );
}

function Unwell({ one }: { one: DoctorFinding }) {
  const { t } = useTranslation();
  return (
    <Alert type="error" header={word(t, 'finding', one.name)}>
      <SpaceBetween size="xs">
        <English>{one.detail}</English>
        <div>
          <Box variant="span" fontWeight="bold">
            {t('doctor.remedy')}
          </Box>{' '}
          <English>{one.remedy}</English>
        </div>
        <Box variant="small">
          {t('doctor.since')} <Time at={one.since} />
        </Box>
      </SpaceBetween>
    </Alert>
  );
}
