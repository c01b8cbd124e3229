/** A result put right by hand: all of it, to the letter, with a reason; who was first is shown. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { correctLog, getLog, type EventLog, type LogStatus } from '@/api/client';
import { Problem } from '@/api/problems';
import { touch } from '@/live/current';
import { Confirm } from '@/ui/Confirm';
import { tell } from '@/ui/notices';
import { Asked } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { Conflict } from '../kept/Conflict';
import { statusKind } from '../events/timeline';
import { letterByLetter } from './fetching';

const STATUSES: readonly LogStatus[] = ['success', 'failed', 'timeout'];

interface Seen {
  execution_result: string;
  execution_status: LogStatus;
  at: string | null;
}

export function Correct({ log: current, onEnd }: { log: EventLog; onEnd: () => void }) {
  const { t } = useTranslation();
  // As it was when somebody began: what others do meanwhile must not take away what was typed.
  const [log] = useState(current);
  const whole = useQuery({
    queryKey: ['logs', 'letters', log.id, log.corrected_at],
    meta: { still: true },
    gcTime: 0,
    queryFn: ({ signal }) => letterByLetter(log.id, signal),
  });
  if (whole.data !== undefined) {
    const { execution_status, corrected_at: at } = log;
    const seen = { execution_result: whole.data, execution_status, at };
    return <Form log={log} first={seen} onEnd={onEnd} />;
  }
  return (
    <Confirm
      title={t('correct.title')}
      button={t('correct.save')}
      onEnd={onEnd}
      onDo={async () => undefined}
      words={<Asked query={whole}>{() => null}</Asked>}
    />
  );
}

interface FormProps {
  log: EventLog;
  first: Seen;
  onEnd: () => void;
}

function Form({ log, first, onEnd }: FormProps) {
  const { t } = useTranslation();
  const [seen, setSeen] = useState(first);
  const [text, setText] = useState(first.execution_result);
  const [status, setStatus] = useState(first.execution_status);
  const [theirs, setTheirs] = useState<Seen | null>(null);
  const kind = statusKind(log.step);
  const option = (value: string) => ({ value, label: t(`${kind}.${value}`) });

  async function save(reason: string) {
    try {
      await correctLog({
        path: { log_id: log.id },
        body: {
          execution_result: text,
          execution_status: status,
          expected_corrected_at: seen.at,
          reason,
        },
      });
    } catch (error) {
      if (error instanceof Problem && error.status === 409) setTheirs(await now(log.id));
      throw error;
    }
    tell(t('correct.saved'));
    touch('executions', 'logs');
  }

  if (theirs) {
    const mine = { execution_result: text, execution_status: status };
    const { at: _, ...other } = theirs;
    const { at: __, ...was } = seen;
    return (
      <Conflict
        was={was}
        theirs={other}
        mine={mine}
        onEnd={onEnd}
        onChoose={(keepMine) => {
          if (!keepMine) {
            setText(theirs.execution_result);
            setStatus(theirs.execution_status);
          }
          setSeen(theirs);
          setTheirs(null);
        }}
      />
    );
  }
  return (
    <Confirm
      title={t('correct.title')}
      button={t('correct.save')}
      reason="required"
      onEnd={onEnd}
      onDo={save}
      words={
        <SpaceBetween size="m">
          <Alert type="info">{t('correct.words')}</Alert>
          <FormField label={t('correct.status')}>
            <Select
              selectedOption={option(status)}
              options={STATUSES.map(option)}
              onChange={({ detail }) => setStatus(detail.selectedOption.value as LogStatus)}
            />
          </FormField>
          <div>
            <Box variant="awsui-key-label">{t('correct.result')}</Box>
            <Code value={text} label={t('correct.result')} onChange={setText} wrap />
          </div>
        </SpaceBetween>
      }
    />
  );
}

/** What is there now, after somebody else has put it right. */
async function now(id: number): Promise<Seen> {
  const { data } = await getLog({ path: { log_id: id } });
  const execution_result = await letterByLetter(id);
  return { execution_result, execution_status: data.execution_status, at: data.corrected_at };
}
