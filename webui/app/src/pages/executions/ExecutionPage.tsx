/** One execution: how it stands on one line, its output at once, and what exactly was run. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cancelExecution, getExecution, type EventLog, type ExecutionWhole } from '@/api/client';
import { NotFound } from '@/app/NotFound';
import { May } from '@/auth/roles';
import { word } from '@/i18n';
import { pollEvery, touch, useLive } from '@/live/current';
import { Time, Took } from '@/time/Time';
import { secondsBetween } from '@/time/time';
import { Confirm } from '@/ui/Confirm';
import { Link } from '@/ui/Link';
import { Asked, Foreign, Nothing, Page, Skeleton } from '@/ui/Page';
import { Word } from '@/ui/words';
import { useNumber } from '../address';
import { statusKind } from '../events/timeline';
import { Result } from './Executions';
import { Fix } from './Fix';
import { Output } from './Output';
import { canRetry, useRetry } from './retry';

const UNDER_WAY: ReadonlySet<string> = new Set(['planned', 'dispatched', 'running']);
const FAST_MS = 2_000;

function useExecution(id: number | null) {
  const live = useLive();
  return useQuery({
    queryKey: ['executions', 'one', id],
    enabled: id !== null,
    queryFn: async ({ signal }) =>
      (await getExecution({ path: { execution_id: id ?? 0 }, signal })).data,
    refetchInterval: ({ state }) =>
      live !== 'paused' && state.data && UNDER_WAY.has(state.data.state)
        ? FAST_MS
        : pollEvery(live),
  });
}

export default function ExecutionPage() {
  const { t } = useTranslation();
  const id = useNumber();
  const found = useExecution(id);
  if (id === null) return <NotFound />;
  return (
    <Page
      title={t('run.title', { id })}
      description={found.data?.solution_name}
      actions={
        found.data && (
          <May least="operator">
            <Actions run={found.data} />
          </May>
        )
      }
    >
      <Asked query={found} lines={8}>
        {(run) => <Content run={run} />}
      </Asked>
    </Page>
  );
}

function Content({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  return (
    <SpaceBetween size="l">
      {run.message && (
        <Alert type={canRetry(run) ? 'error' : 'info'} header={word(t, 'verdict', run.verdict)}>
          <Foreign text={run.message} />
        </Alert>
      )}
      <Container>
        <Facts run={run} />
      </Container>
      <Steps run={run} />
      <ExpandableSection
        variant="container"
        headerText={t('run.fix')}
        headerDescription={t('run.fix_more')}
      >
        <Fix fix={run.fix} />
      </ExpandableSection>
    </SpaceBetween>
  );
}

function Facts({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  const event = run.cloudwatch_event_id;
  return (
    <KeyValuePairs
      columns={4}
      items={[
        {
          label: t('column.state'),
          value: (
            <>
              <Word kind="state" value={run.state} />
              <div>
                <Result run={run} />
              </div>
            </>
          ),
        },
        {
          label: t('column.server_id'),
          value: (
            <>
              <Link to={`/servers/${encodeURIComponent(run.server_id)}`}>{run.server_id}</Link>
              <div>{run.minion_id}</div>
            </>
          ),
        },
        {
          label: t('column.of_event'),
          value: event ? <Link to={`/events/${event}`}>{`#${event}`}</Link> : t('run.by_hand'),
        },
        {
          label: t('column.runbook'),
          value: run.runbook_id ? (
            <Link to={`/runbooks/${run.runbook_id}`}>{run.solution_name}</Link>
          ) : (
            run.solution_name
          ),
        },
        { label: t('column.planned_at'), value: <Time at={run.planned_at} /> },
        { label: t('column.started_at'), value: <Time at={run.started_at} /> },
        {
          label: t('column.took'),
          value: <Took seconds={secondsBetween(run.started_at, run.finished_at)} />,
        },
        {
          label: t('column.requested_by'),
          value: `${run.requested_by} · ${t('run.attempt', { n: run.attempt, of: run.attempts })}`,
        },
      ]}
    />
  );
}

/** The step that failed first, or else the fix: that is what somebody came for. */
export function stepOfInterest(logs: readonly EventLog[]): EventLog | undefined {
  const failed = logs.find((log) => log.step !== 'check' && log.execution_status !== 'success');
  return failed ?? logs.find((log) => log.step === 'fix') ?? logs.at(-1);
}

function Steps({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  const first = stepOfInterest(run.logs);
  if (!first) return <NoSteps run={run} />;
  return (
    <Container header={<Header variant="h2">{t('run.output')}</Header>}>
      <Tabs
        activeTabId={chosen ?? String(first.id)}
        onChange={({ detail }) => setChosen(detail.activeTabId)}
        ariaLabel={t('run.output')}
        tabs={run.logs.map((log) => ({
          id: String(log.id),
          label: <StepLine log={log} />,
          content: <Step log={log} />,
        }))}
      />
    </Container>
  );
}

function StepLine({ log }: { log: EventLog }) {
  const { t } = useTranslation();
  return (
    <>
      {t(`step.${log.step}`)} <Word kind={statusKind(log.step)} value={log.execution_status} />
      {log.retcode === null ? '' : ` (${log.retcode})`}
    </>
  );
}

function Step({ log }: { log: EventLog }) {
  const { t } = useTranslation();
  return (
    <SpaceBetween size="s">
      {log.corrected_at && (
        <Alert type="info" header={t('run.corrected', { name: log.corrected_by ?? '' })}>
          <Time at={log.corrected_at} /> {log.correction}
        </Alert>
      )}
      <Output log={log} />
    </SpaceBetween>
  );
}

function NoSteps({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  const waits = UNDER_WAY.has(run.state);
  return (
    <Container header={<Header variant="h2">{t('run.output')}</Header>}>
      <Nothing words={t(waits ? 'run.output_comes' : 'run.no_output')} />
      {waits && <Skeleton lines={3} />}
    </Container>
  );
}

function Actions({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  const router = useRouter();
  const { retry, busy } = useRetry();
  const [asked, setAsked] = useState(false);
  const waits = run.state === 'held' || run.state === 'planned';

  async function again() {
    const [made] = await retry([run.id]);
    if (made) router.history.push(`/executions/${made}`);
  }

  return (
    <SpaceBetween direction="horizontal" size="xs">
      {run.state === 'held' && run.held_by === 'approval' && (
        <Button
          href="/approvals"
          onFollow={(event) => {
            event.preventDefault();
            router.history.push('/approvals');
          }}
        >
          {t('nav.approvals')}
        </Button>
      )}
      {waits && <Button onClick={() => setAsked(true)}>{t('run.cancel')}</Button>}
      {canRetry(run) && (
        <Button iconName="redo" loading={busy} onClick={() => void again()}>
          {t('run.retry')}
        </Button>
      )}
      {asked && (
        <Confirm
          title={t('run.cancel')}
          words={t('run.cancel_words')}
          button={t('run.cancel')}
          onEnd={() => setAsked(false)}
          onDo={async () => {
            await cancelExecution({ path: { execution_id: run.id } });
            touch('executions', 'approvals', 'events');
          }}
        />
      )}
    </SpaceBetween>
  );
}
