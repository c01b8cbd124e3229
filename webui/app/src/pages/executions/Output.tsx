/** The output of a step: its end first, more on demand, searched, wrapped and downloaded. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { EventLog } from '@/api/client';
import { usePreferences } from '@/app/preferences';
import { tellError } from '@/ui/notices';
import { Asked, Nothing } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { fetchResult, piece, tailOf } from './fetching';
import { aligned, joined, rangeBefore, readable, sizeWords, type Held } from './output';
import { States } from './States';
import { statesOf } from './states';
import './executions.css';

interface OutputProps {
  log: EventLog;
  /** Whether Salt has run states there, which are shown as states. */
  ofStates?: boolean;
}

export function Output({ log, ofStates }: OutputProps) {
  const key = ['logs', 'result', log.id, log.corrected_at];
  const tail = useQuery({
    queryKey: key,
    meta: { still: true },
    // What was loaded of it besides stays, whatever else runs.
    staleTime: 'static',
    queryFn: ({ signal }) => tailOf(log.id, signal),
  });
  return (
    <Asked query={tail}>
      {(held) => <Shown log={log} held={held} queryKey={key} ofStates={ofStates} />}
    </Asked>
  );
}

interface ShownProps extends OutputProps {
  held: Held;
  queryKey: readonly unknown[];
}

function Shown({ log, held, queryKey, ofStates }: ShownProps) {
  const { t } = useTranslation();
  const [wrap, setWrap] = useState(true);
  const [raw, setRaw] = useState(false);
  const text = useMemo(() => readable(held.bytes), [held]);
  const states = useMemo(() => (ofStates ? statesOf(text) : null), [ofStates, text]);
  if (held.size === 0) return <Nothing words={t('output.empty')} />;
  const asText = raw || !states;
  return (
    <SpaceBetween size="xs">
      <SpaceBetween direction="horizontal" size="m" alignItems="center">
        {states && (
          <SegmentedControl
            selectedId={raw ? 'text' : 'states'}
            onChange={({ detail }) => setRaw(detail.selectedId === 'text')}
            label={t('output.shown_as')}
            options={[
              { id: 'states', text: t('output.as_states') },
              { id: 'text', text: t('output.as_text') },
            ]}
          />
        )}
        <Amount log={log} held={held} queryKey={queryKey} />
        {asText && (
          <Toggle checked={wrap} onChange={({ detail }) => setWrap(detail.checked)}>
            {t('list.wrap')}
          </Toggle>
        )}
        {asText && (
          <Box color="text-body-secondary" fontSize="body-s">
            {t('output.search')}
          </Box>
        )}
      </SpaceBetween>
      {asText ? (
        <div className="run-output">
          <Code
            value={text}
            label={t('output.label', { step: t(`step.${log.step}`) })}
            wrap={wrap}
            tall
            follow
          />
        </div>
      ) : (
        <States states={states} />
      )}
    </SpaceBetween>
  );
}

/** How much of it there is, and how to get more. */
function Amount({ log, held, queryKey }: Omit<ShownProps, 'ofStates'>) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const before = rangeBefore(held);
  const size = sizeWords(held.size, language);

  async function alone(work: () => Promise<void>) {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      tellError(t, error);
    } finally {
      setBusy(false);
    }
  }

  const load = (range: string) =>
    alone(async () => {
      client.setQueryData(queryKey, aligned(joined(await piece(log.id, range), held)));
    });
  const download = () =>
    alone(async () => {
      const whole = await (await fetchResult(log.id, null)).blob();
      save(whole, `execution-${log.execution_id}-${log.step}.txt`);
    });

  return (
    <SpaceBetween direction="horizontal" size="s" alignItems="center">
      <Box color="text-body-secondary">
        {before ? t('output.part', { shown: sizeWords(held.bytes.length, language), size }) : size}
      </Box>
      {before && (
        <Button loading={busy} iconName="arrow-up" onClick={() => void load(before)}>
          {t('output.earlier')}
        </Button>
      )}
      {before && (
        <Button loading={busy} onClick={() => void load(`bytes=0-${held.start - 1}`)}>
          {t('output.whole')}
        </Button>
      )}
      <Button loading={busy} iconName="download" onClick={() => void download()}>
        {t('output.download')}
      </Button>
    </SpaceBetween>
  );
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
