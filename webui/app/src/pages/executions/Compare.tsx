/** This run beside the one of the same remedy on the same server before it: what is different. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getPreviousExecution, type EventLog, type ExecutionWhole } from '@/api/client';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Asked, Nothing } from '@/ui/Page';
import { Word } from '@/ui/words';
import { tailOf } from './fetching';
import { isWhole, readable } from './output';
import { Sides } from './Sides';
import { stepOfInterest } from './steps';
import { useSummary } from './Summary';

export function Compare({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const before = useQuery({
    queryKey: ['executions', 'previous', run.id],
    enabled: open,
    meta: { still: true },
    queryFn: async ({ signal }) => {
      const path = { execution_id: run.id };
      return (await getPreviousExecution({ path, signal })).data;
    },
  });
  return (
    <ExpandableSection
      variant="container"
      headerText={t('compare.title')}
      headerDescription={t('compare.more')}
      expanded={open}
      onChange={({ detail }) => setOpen(detail.expanded)}
    >
      {open && (
        <Asked query={before}>
          {({ previous }) =>
            previous ? <Both before={previous} now={run} /> : <Nothing words={t('compare.none')} />
          }
        </Asked>
      )}
    </ExpandableSection>
  );
}

interface BothProps {
  before: ExecutionWhole;
  now: ExecutionWhole;
}

function Both({ before, now }: BothProps) {
  const { t } = useTranslation();
  const summary = useSummary();
  return (
    <SpaceBetween size="m">
      <Box>
        <Link to={`/executions/${before.id}`}>{t('run.title', { id: before.id })}</Link>{' '}
        <Time at={before.planned_at} /> <Word kind="state" value={before.state} /> {summary(before)}
      </Box>
      <Pinned before={before} now={now} />
      <Outputs before={before} now={now} />
    </SpaceBetween>
  );
}

/** Whether the very same was run: then only the server can have made the difference. */
function Pinned({ before, now }: BothProps) {
  const { t } = useTranslation();
  if (before.pinned_sha256 === now.pinned_sha256) {
    return <StatusIndicator type="success">{t('compare.same_work')}</StatusIndicator>;
  }
  const texts = [pinnedText(before), pinnedText(now)] as const;
  return (
    <Alert type="warning" header={t('compare.other_work')}>
      {texts[0] === texts[1] ? (
        t('compare.other_check')
      ) : (
        <Sides before={texts[0]} after={texts[1]} labels={[t('compare.then'), t('compare.now')]} />
      )}
    </Alert>
  );
}

function pinnedText({ fix }: ExecutionWhole): string {
  const { solution, ...rest } = fix ?? {};
  const script = typeof solution === 'string' ? solution : JSON.stringify(solution ?? null);
  return `${script.trimEnd()}\n\n${JSON.stringify(rest, null, 2)}`;
}

function Outputs({ before, now }: BothProps) {
  const { t } = useTranslation();
  const steps = now.logs.filter((log) => before.logs.some((one) => one.step === log.step));
  const [chosen, setChosen] = useState<string | null>(null);
  const current = steps.find((log) => log.step === chosen) ?? stepOfInterest(steps);
  const earlier = before.logs.find((log) => log.step === current?.step);
  if (!current || !earlier) return <Nothing words={t('compare.no_output')} />;
  return (
    <SpaceBetween size="s">
      {steps.length > 1 && (
        <SegmentedControl
          label={t('compare.step')}
          selectedId={current.step}
          onChange={({ detail }) => setChosen(detail.selectedId)}
          options={steps.map((log) => ({ id: log.step, text: t(`step.${log.step}`) }))}
        />
      )}
      <OutputDiff before={earlier} now={current} />
    </SpaceBetween>
  );
}

function OutputDiff({ before, now }: { before: EventLog; now: EventLog }) {
  const { t } = useTranslation();
  const texts = useQuery({
    queryKey: ['logs', 'compare', before.id, before.corrected_at, now.id, now.corrected_at],
    meta: { still: true },
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const ends = await Promise.all([tailOf(before.id, signal), tailOf(now.id, signal)]);
      const [then, since] = ends.map((held) => readable(held.bytes));
      return { then: then ?? '', since: since ?? '', whole: ends.every(isWhole) };
    },
  });
  return (
    <Asked query={texts}>
      {({ then, since, whole }) => (
        <SpaceBetween size="xs">
          {!whole && <StatusIndicator type="info">{t('compare.ends_only')}</StatusIndicator>}
          {then === since ? (
            <StatusIndicator type="success">{t('compare.same_output')}</StatusIndicator>
          ) : (
            <Sides before={then} after={since} labels={[t('compare.then'), t('compare.now')]} />
          )}
        </SpaceBetween>
      )}
    </Asked>
  );
}
