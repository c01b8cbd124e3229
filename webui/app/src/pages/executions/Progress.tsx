/** How far a run has come, as long as it runs; and, to whoever watched, that it has ended. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { Fragment, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ExecutionWhole } from '@/api/client';
import { word } from '@/i18n';
import { usePreferences } from '@/app/preferences';
import { useNow } from '@/time/Time';
import { duration, secondsBetween } from '@/time/time';
import { Foreign } from '@/ui/Page';
import { Word } from '@/ui/words';
import { canRetry } from './retry';
import { isUnderWay } from './steps';
import { Result, useSummary } from './Summary';

export function Progress({ run }: { run: ExecutionWhole }) {
  const watched = useWatched(run);
  return (
    <SpaceBetween size="s">
      <div role="status">
        <SpaceBetween direction="horizontal" size="s" alignItems="center">
          <Word kind="state" value={run.state} />
          {isUnderWay(run) ? <Sofar run={run} /> : <End run={run} watched={watched} />}
        </SpaceBetween>
      </div>
      <Said run={run} watched={watched} />
    </SpaceBetween>
  );
}

/** Whether it was under way when somebody began to look at it. */
function useWatched(run: ExecutionWhole): boolean {
  const [first, setFirst] = useState({ id: run.id, underWay: isUnderWay(run) });
  if (first.id !== run.id) setFirst({ id: run.id, underWay: isUnderWay(run) });
  return first.underWay && !isUnderWay(run);
}

function Sofar({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const now = useNow();
  const since = run.started_at ?? run.dispatched_at;
  if (!since) return <Box color="text-body-secondary">{t('run.not_sent')}</Box>;
  const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1000));
  const values = {
    took: duration(seconds, language),
    limit: duration(run.limit_seconds, language),
  };
  const key = run.started_at ? 'run.runs_for' : 'run.sent_for';
  // Each beat read out loud would be too much.
  return (
    <span aria-hidden="true">
      <Box color="text-body-secondary">{t(key, values)}</Box>
    </span>
  );
}

function End({ run, watched }: { run: ExecutionWhole; watched: boolean }) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const summary = useSummary()(run);
  const seconds = secondsBetween(run.started_at, run.finished_at);
  const parts = [
    // With a message, the verdict is the headline of that.
    run.held_by || !run.message ? <Result key="result" run={run} /> : null,
    summary,
    seconds === null ? null : duration(seconds, language),
  ].filter(Boolean);
  return (
    <Box>
      {watched && <strong>{t('run.has_ended')} </strong>}
      {parts.map((part, place) => (
        <Fragment key={place}>
          {place > 0 && ' · '}
          {part}
        </Fragment>
      ))}
    </Box>
  );
}

function Said({ run, watched }: { run: ExecutionWhole; watched: boolean }) {
  const { t } = useTranslation();
  if (!run.message) return null;
  const kind = canRetry(run) ? 'error' : watched ? 'success' : 'info';
  return (
    <Alert type={kind} header={word(t, 'verdict', run.verdict)}>
      <Foreign text={run.message} />
    </Alert>
  );
}
