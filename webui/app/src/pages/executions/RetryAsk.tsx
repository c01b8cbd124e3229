/** Before something is run again: on which servers, with what, and what is left out. */
import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';
import type { Execution } from '@/api/client';
import { word } from '@/i18n';
import { Confirm } from '@/ui/Confirm';
import { Link } from '@/ui/Link';
import { retry } from './retry';
import type { Choice } from './retrying';

const NAMED = 12;

interface Props {
  choice: Choice<Execution>;
  onEnd: () => void;
  onMade?: (ids: readonly number[]) => void;
}

export function RetryAsk({ choice: { again, left }, onEnd, onMade }: Props) {
  const { t } = useTranslation();
  return (
    <Confirm
      title={t('retry.title', { count: again.length })}
      button={t('retry.go')}
      onEnd={onEnd}
      onDo={async () =>
        onMade?.(
          await retry(
            t,
            again.map((run) => run.id),
          ),
        )
      }
      words={
        <SpaceBetween size="s">
          <Box>{t('retry.words')}</Box>
          <Runs runs={again} tell={(run) => word(t, 'state', run.state)} />
          {left.length > 0 && (
            <>
              <Box variant="h3">{t('retry.left', { count: left.length })}</Box>
              <Runs
                runs={left.map(({ run }) => run)}
                tell={(run) => {
                  const found = left.find((one) => one.run === run);
                  return t(`retry.why_${found?.why ?? 'later'}`);
                }}
              />
            </>
          )}
        </SpaceBetween>
      }
    />
  );
}

interface RunsProps {
  runs: readonly Execution[];
  tell: (run: Execution) => string;
}

function Runs({ runs, tell }: RunsProps) {
  const { t } = useTranslation();
  return (
    <ul>
      {runs.slice(0, NAMED).map((run) => (
        <li key={run.id}>
          <Link to={`/executions/${run.id}`}>{`#${run.id}`}</Link> {run.minion_id || run.server_id}{' '}
          · {run.solution_name} · {tell(run)}
        </li>
      ))}
      {runs.length > NAMED && <li>{t('retry.more', { count: runs.length - NAMED })}</li>}
    </ul>
  );
}
