/** One question to the model and its answer, whole; why it was not asked, if it was not. */
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { getAdvice, type AdviceWhole } from '@/api/client';
import { NotFound } from '@/app/NotFound';
import { Time, Took } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Asked, Foreign, Page } from '@/ui/Page';
import { Word } from '@/ui/words';
import { useAddress, useNumber } from '../address';
import { useNumberWords } from '../dashboard/numbers';
import { tokensIn } from './Advice';
import { useMoney } from './money';
import { Asking, Said } from './Whole';

export default function AdvicePage() {
  const { t } = useTranslation();
  const id = useNumber();
  const found = useQuery({
    queryKey: ['advice', 'one', id],
    enabled: id !== null,
    queryFn: async ({ signal }) => (await getAdvice({ path: { advice_id: id ?? 0 }, signal })).data,
  });
  if (id === null) return <NotFound />;
  return (
    <Page title={t('advice.title', { id })} description={t('advice.description')}>
      <Asked query={found} lines={8}>
        {(advice) => (
          <SpaceBetween size="l">
            <Reused advice={advice} />
            <Refused advice={advice} />
            <Facts advice={advice} />
            <Said advice={advice} />
            <Asking advice={advice} />
          </SpaceBetween>
        )}
      </Asked>
    </Page>
  );
}

/** An event that comes from here was not asked about: the same had been asked before. */
function Reused({ advice }: { advice: AdviceWhole }) {
  const { t } = useTranslation();
  const event = Number([useAddress().event].flat()[0]);
  if (!Number.isSafeInteger(event) || event <= 0) return null;
  if (event === advice.cloudwatch_event_id) return null;
  const of = { event, first: advice.cloudwatch_event_id };
  return <Alert header={t('advice.reused', of)}>{t('advice.reused_more', of)}</Alert>;
}

function Refused({ advice }: { advice: AdviceWhole }) {
  const { t } = useTranslation();
  if (!advice.error) return null;
  const unasked = advice.state === 'unasked';
  const ended = unasked || advice.state === 'failed';
  return (
    <Alert
      type={unasked || !ended ? 'warning' : 'error'}
      header={t(unasked ? 'advice.refused' : 'advice.failed')}
    >
      <span lang="en">
        <Foreign text={advice.error} />
      </span>{' '}
      ({advice.error_code})
    </Alert>
  );
}

function Facts({ advice }: { advice: AdviceWhole }) {
  const { t } = useTranslation();
  const number = useNumberWords();
  const money = useMoney();
  const { evidence_execution_id: evidence } = advice;
  return (
    <Container header={<Header variant="h2">{t('advice.facts')}</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: t('column.state'), value: <Word kind="adviceState" value={advice.state} /> },
          {
            label: t('column.of_event'),
            value: (
              <Link to={`/events/${advice.cloudwatch_event_id}`}>
                {`#${advice.cloudwatch_event_id}`}
              </Link>
            ),
          },
          { label: t('column.service_type'), value: advice.service_type },
          {
            label: t('advice.evidence'),
            value: evidence ? <Link to={`/executions/${evidence}`}>{`#${evidence}`}</Link> : '–',
          },
          { label: t('column.begun_at'), value: <Time at={advice.begun_at} /> },
          { label: t('advice.asked_at'), value: <Time at={advice.asked_at} /> },
          { label: t('advice.answered_at'), value: <Time at={advice.answered_at} /> },
          { label: t('advice.used_until'), value: <Time at={advice.expires_at} /> },
          { label: t('column.model_id'), value: advice.model_id || '–' },
          {
            label: t('column.calls'),
            value: advice.calls ? number(advice.calls) : t('advice.not_asked'),
          },
          {
            label: t('column.tokens'),
            value: t('advice.tokens_more', {
              in: tokensIn(advice),
              cached: advice.cache_read_tokens,
              out: advice.output_tokens,
            }),
          },
          { label: t('column.cost'), value: money(advice.cost_micros) },
          {
            label: t('column.latency'),
            value: <Took seconds={advice.latency_ms ? advice.latency_ms / 1_000 : null} />,
          },
        ]}
      />
    </Container>
  );
}
