/** One execution: how it stands on one line, its output at once, and what exactly was run. */
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cancelExecution, getExecution, type ExecutionWhole } from '@/api/client';
import { NotFound } from '@/app/NotFound';
import { May } from '@/auth/roles';
import { pollEvery, touch, useLive } from '@/live/current';
import { Time, Took } from '@/time/Time';
import { secondsBetween } from '@/time/time';
import { Confirm } from '@/ui/Confirm';
import { Link } from '@/ui/Link';
import { Asked, Page } from '@/ui/Page';
import { useNumber } from '../address';
import { Compare } from './Compare';
import { Fix } from './Fix';
import { Progress } from './Progress';
import { canRetry } from './retry';
import { RetryAsk } from './RetryAsk';
import { isUnderWay } from './steps';
import { Steps } from './Steps';

const FAST_MS = 2_000;

function useExecution(id: number | null) {
  const live = useLive();
  return useQuery({
    queryKey: ['executions', 'one', id],
    enabled: id !== null,
    queryFn: async ({ signal }) =>
      (await getExecution({ path: { execution_id: id ?? 0 }, signal })).data,
    refetchInterval: ({ state }) =>
      live !== 'paused' && state.data && isUnderWay(state.data) ? FAST_MS : pollEvery(live),
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
      <Progress run={run} />
      <Steps run={run} />
      <Container>
        <Facts run={run} />
      </Container>
      <ExpandableSection
        variant="container"
        headerText={t('run.fix')}
        headerDescription={t('run.fix_more')}
      >
        <Fix fix={run.fix} />
      </ExpandableSection>
      {run.logs.length > 0 && <Compare key={run.id} run={run} />}
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

function Actions({ run }: { run: ExecutionWhole }) {
  const { t } = useTranslation();
  const router = useRouter();
  const [asked, setAsked] = useState<'cancel' | 'retry' | null>(null);
  const close = () => setAsked(null);
  const waits = run.state === 'held' || run.state === 'planned';

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
      {waits && <Button onClick={() => setAsked('cancel')}>{t('run.cancel')}</Button>}
      {canRetry(run) && (
        <Button iconName="redo" onClick={() => setAsked('retry')}>
          {t('run.retry')}
        </Button>
      )}
      {asked === 'retry' && (
        <RetryAsk
          choice={{ again: [run], left: [] }}
          onEnd={close}
          // Onto the output of the new one and not onto a list: that is what one waits for.
          onMade={([made]) => made && router.history.push(`/executions/${made}`)}
        />
      )}
      {asked === 'cancel' && (
        <Confirm
          title={t('run.cancel')}
          words={t('run.cancel_words')}
          button={t('run.cancel')}
          onEnd={close}
          onDo={async () => {
            await cancelExecution({ path: { execution_id: run.id } });
            touch('executions', 'approvals', 'events');
          }}
        />
      )}
    </SpaceBetween>
  );
}
