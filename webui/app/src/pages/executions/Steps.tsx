/** The steps of a run and their outputs; the one that somebody has come for is in front. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { EventLog, ExecutionWhole } from '@/api/client';
import { usePreferences } from '@/app/preferences';
import { May } from '@/auth/roles';
import { Time } from '@/time/Time';
import { duration } from '@/time/time';
import { Nothing } from '@/ui/Page';
import { Word } from '@/ui/words';
import { statusKind } from '../events/timeline';
import { Correct } from './Correct';
import { Original } from './Original';
import { Output } from './Output';
import { sizeWords } from './output';
import { isUnderWay, stepOfInterest } from './steps';

const OF_STATES: ReadonlySet<string> = new Set(['state', 'sls']);

export function Steps({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  const first = stepOfInterest(run.logs);
  if (!first) return <NoSteps run={run} />;
  const isThere = run.logs.some((log) => String(log.id) === chosen);
  return (
    <Container header={<Header variant="h2">{t('run.output')}</Header>}>
      <Tabs
        activeTabId={isThere && chosen ? chosen : String(first.id)}
        onChange={({ detail }) => setChosen(detail.activeTabId)}
        ariaLabel={t('run.output')}
        tabs={run.logs.map((log) => ({
          id: String(log.id),
          label: <StepLine log={log} />,
          content: (
            <Step log={log} ofStates={log.step === 'fix' && OF_STATES.has(run.solution_kind)} />
          ),
        }))}
      />
    </Container>
  );
}

function StepLine({ log }: { log: EventLog }) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const about = [
    log.took_ms === null ? '' : duration(log.took_ms / 1000, language),
    log.result_bytes === null ? '' : sizeWords(log.result_bytes, language),
  ].filter(Boolean);
  return (
    <>
      {t(`step.${log.step}`)} <Word kind={statusKind(log.step)} value={log.execution_status} />
      {log.retcode === null ? '' : ` (${log.retcode})`}
      {about.length > 0 && <small> · {about.join(' · ')}</small>}
    </>
  );
}

function Step({ log, ofStates }: { log: EventLog; ofStates: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<'correct' | 'original' | null>(null);
  const close = () => setOpen(null);
  return (
    <SpaceBetween size="s">
      {log.corrected_at && (
        <Alert
          type="info"
          header={t('run.corrected', { name: log.corrected_by ?? '' })}
          action={
            <May least="operator">
              <Button onClick={() => setOpen('original')}>{t('correct.see_original')}</Button>
            </May>
          }
        >
          <Time at={log.corrected_at} /> {log.correction}
        </Alert>
      )}
      <Output log={log} ofStates={ofStates} />
      <May least="operator">
        <Button variant="inline-link" iconName="edit" onClick={() => setOpen('correct')}>
          {t('correct.button')}
        </Button>
        {open === 'correct' && <Correct log={log} onEnd={close} />}
        {open === 'original' && <Original log={log} onEnd={close} />}
      </May>
    </SpaceBetween>
  );
}

function NoSteps({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  const waits = isUnderWay(run);
  return (
    <Container header={<Header variant="h2">{t('run.output')}</Header>}>
      {waits ? (
        <Box textAlign="center" padding="l">
          <StatusIndicator type="loading">{t('run.output_comes')}</StatusIndicator>
        </Box>
      ) : (
        <Nothing words={t('run.no_output')} />
      )}
    </Container>
  );
}
