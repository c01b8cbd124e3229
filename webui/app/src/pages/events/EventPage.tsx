/** One event: what it is, all that happened to it, what fits it, and what can be done now. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Alert from '@cloudscape-design/components/alert';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getEventMessage, type Event, type EventHistory } from '@/api/client';
import { May, useMay } from '@/auth/roles';
import { Time } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { tell } from '@/ui/notices';
import { Asked, Foreign, Page } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { useNumber } from '../address';
import { NotFound } from '@/app/NotFound';
import { RetryAsk } from '../executions/RetryAsk';
import { hasFailed } from '../executions/retrying';
import { acknowledge, actionsOn, doTo, type EventAction } from './actions';
import { EventFacts, useHistory } from './parts';
import { Matches } from './Matches';
import { Simulation } from './Simulation';
import { Timeline } from './TimelineView';
import { timelineOf } from './timeline';

export default function EventPage() {
  const { t } = useTranslation();
  const id = useNumber();
  const history = useHistory(id);
  if (id === null) return <NotFound />;
  const event = history.data?.event;
  return (
    <Page
      title={t('event.title', { id })}
      description={event ? event.alarm_name || event.event_type : undefined}
      actions={history.data && <Actions history={history.data} />}
    >
      <Asked query={history} lines={8}>
        {(found) => <Content history={found} />}
      </Asked>
    </Page>
  );
}

function Content({ history }: { history: EventHistory }) {
  const { t } = useTranslation();
  const { event } = history;
  return (
    <SpaceBetween size="l">
      {event.deleted_at && (
        <Alert type="warning" header={t('event.deleted', { name: event.deleted_by ?? '' })}>
          <Time at={event.deleted_at} />
        </Alert>
      )}
      <Container>
        <EventFacts event={event} columns={4} />
      </Container>
      <Container header={<Header variant="h2">{t('event.message')}</Header>}>
        <Box>
          <Foreign text={event.event_message} />
        </Box>
      </Container>
      <Grid
        gridDefinition={[{ colspan: { default: 12, s: 8 } }, { colspan: { default: 12, s: 4 } }]}
      >
        <Container header={<Header variant="h2">{t('timeline.title')}</Header>}>
          <Timeline entries={timelineOf(history)} />
        </Container>
        <SpaceBetween size="l">
          <Matches id={event.id} />
          <May least="operator">
            <Simulation id={event.id} />
          </May>
        </SpaceBetween>
      </Grid>
      <May least="operator">
        <RawMessage id={event.id} />
      </May>
    </SpaceBetween>
  );
}

function Actions({ history }: { history: EventHistory }) {
  const { t } = useTranslation();
  const isOperator = useMay('operator');
  const isAdmin = useMay('admin');
  const [asked, setAsked] = useState<EventAction | null>(null);
  const { event } = history;
  return (
    <SpaceBetween direction="horizontal" size="xs">
      {isOperator && <Retry history={history} />}
      {actionsOn(event, { isOperator, isAdmin }).map((action) => (
        <Button key={action} onClick={() => setAsked(action)}>
          {t(`action.${action}`)}
        </Button>
      ))}
      {asked && <Question event={event} action={asked} onEnd={() => setAsked(null)} />}
    </SpaceBetween>
  );
}

function reasonFor(action: EventAction): 'required' | 'optional' | undefined {
  if (action === 'restore') return undefined;
  return action === 'acknowledge' ? 'optional' : 'required';
}

interface QuestionProps {
  event: Event;
  action: EventAction;
  onEnd: () => void;
}

function Question({ event, action, onEnd }: QuestionProps) {
  const { t } = useTranslation();
  async function run(reason: string) {
    if (action === 'acknowledge') {
      await acknowledge(event.id, reason);
      return tell(t('event.acknowledged', { id: event.id }));
    }
    const [became] = await doTo([event.id], action, reason);
    if (became) tell(t('event.done', { id: event.id }), became.words);
  }
  return (
    <Confirm
      title={`${t(`action.${action}`)} · ${t('event.title', { id: event.id })}`}
      words={<Box>{t(`action.${action}_words`)}</Box>}
      button={t(`action.${action}`)}
      reason={reasonFor(action)}
      onEnd={onEnd}
      onDo={run}
    />
  );
}

/** Run again what failed for this event, with the same input: the last of its runs, if that did. */
function Retry({ history }: { history: EventHistory }) {
  const { t } = useTranslation();
  const router = useRouter();
  const [asked, setAsked] = useState(false);
  const last = history.executions.at(-1);
  if (history.event.status !== 'failed' || !last || !hasFailed(last)) return null;
  return (
    <>
      <Button iconName="redo" onClick={() => setAsked(true)}>
        {t('run.retry_failed', { count: 1 })}
      </Button>
      {asked && (
        <RetryAsk
          choice={{ again: [last], left: [] }}
          onEnd={() => setAsked(false)}
          onMade={([made]) => made && router.history.push(`/executions/${made}`)}
        />
      )}
    </>
  );
}

function RawMessage({ id }: { id: number }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const raw = useQuery({
    queryKey: ['events', 'raw', id],
    enabled: open,
    meta: { still: true },
    queryFn: async ({ signal }) => (await getEventMessage({ path: { event_id: id }, signal })).data,
  });
  return (
    <ExpandableSection
      variant="container"
      headerText={t('event.raw')}
      headerDescription={t('event.raw_more')}
      expanded={open}
      onChange={({ detail }) => setOpen(detail.expanded)}
    >
      {open && (
        <Asked query={raw}>
          {(data) => <Code value={indented(data.raw)} label={t('event.raw')} wrap />}
        </Asked>
      )}
    </ExpandableSection>
  );
}

function indented(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}
