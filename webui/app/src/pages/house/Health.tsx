/** Whether the house is well, and under which settings it runs. */
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Ready } from '@/api/client';
import { useOverview } from '@/app/counts';
import { May } from '@/auth/roles';
import { word } from '@/i18n';
import { Asked, Page } from '@/ui/Page';
import { Engines } from '../dashboard/Panels';
import { Doctor } from './Doctor';
import { Settings } from './Settings';

/** It answers 503 with the same body when something is missing, so it is asked plainly. */
async function readiness(signal: AbortSignal): Promise<Ready> {
  const answer = await fetch('/health/ready', { signal });
  return (await answer.json()) as Ready;
}

export default function Health() {
  const { t } = useTranslation();
  const overview = useOverview();
  return (
    <Page title={t('health.title')} description={t('health.description')}>
      <SpaceBetween size="l">
        <May least="operator">
          <Doctor />
        </May>
        <Readiness />
        <Asked query={overview}>{(data) => <Engines engines={data.engines} />}</Asked>
        <May least="admin">
          <Settings />
        </May>
      </SpaceBetween>
    </Page>
  );
}

function Readiness() {
  const { t } = useTranslation();
  const ready = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => readiness(signal),
  });
  return (
    <Container header={<Header variant="h2">{t('health.checks')}</Header>}>
      <Asked query={ready}>
        {(found) => (
          <SpaceBetween size="s">
            <StatusIndicator type={found.status === 'ready' ? 'success' : 'error'}>
              {t(found.status === 'ready' ? 'health.well' : 'health.unwell')}
            </StatusIndicator>
            {found.checks.map((check) => (
              <div key={check.name}>
                <StatusIndicator type={check.ok ? 'success' : 'error'}>
                  {word(t, 'check', check.name)}
                </StatusIndicator>{' '}
                {!check.ok && t(`check.${check.name}_remedy`, { defaultValue: '' })}
              </div>
            ))}
          </SpaceBetween>
        )}
      </Asked>
    </Container>
  );
}
