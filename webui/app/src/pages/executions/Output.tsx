/** The output of a step: its end first, more on demand, searched, wrapped and downloaded. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { EventLog } from '@/api/client';
import { problemOf } from '@/api/problems';
import { usePreferences } from '@/app/preferences';
import { sessions } from '@/auth/current';
import { tellError } from '@/ui/notices';
import { Asked, Nothing } from '@/ui/Page';
import { Code } from '@/ui/Text';
import {
  aligned,
  joined,
  rangeBefore,
  readable,
  readRange,
  sizeWords,
  TAIL,
  type Held,
} from './output';

async function fetchResult(id: number, range: string | null, signal?: AbortSignal) {
  const url = new URL(`/api/v1/logs/${id}/result`, location.origin);
  const headers = range ? { Range: range } : undefined;
  const answer = await sessions.fetch(new Request(url, { headers, signal }));
  if (!answer.ok && answer.status !== 416) {
    throw problemOf(await answer.json().catch(() => null), answer);
  }
  return answer;
}

async function piece(id: number, range: string, signal?: AbortSignal): Promise<Held> {
  const ranged = await fetchResult(id, range, signal);
  // There is less than was asked for, or nothing at all: then the whole is small.
  const answer = ranged.status === 416 ? await fetchResult(id, null, signal) : ranged;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { bytes, ...readRange(answer.headers.get('Content-Range'), bytes.length) };
}

export function Output({ log }: { log: EventLog }) {
  const key = ['logs', 'result', log.id, log.corrected_at];
  const tail = useQuery({
    queryKey: key,
    meta: { still: true },
    staleTime: Infinity,
    queryFn: async ({ signal }) => aligned(await piece(log.id, `bytes=-${TAIL}`, signal)),
  });
  return <Asked query={tail}>{(held) => <Shown log={log} held={held} queryKey={key} />}</Asked>;
}

interface ShownProps {
  log: EventLog;
  held: Held;
  queryKey: readonly unknown[];
}

function Shown({ log, held, queryKey }: ShownProps) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const client = useQueryClient();
  const [wrap, setWrap] = useState(true);
  const [busy, setBusy] = useState(false);
  const text = useMemo(() => readable(held.bytes), [held]);
  const before = rangeBefore(held);
  if (held.size === 0) return <Nothing words={t('output.empty')} />;

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

  const earlier = () =>
    alone(async () => {
      if (!before) return;
      client.setQueryData(queryKey, aligned(joined(await piece(log.id, before), held)));
    });
  const download = () =>
    alone(async () => {
      const whole = await (await fetchResult(log.id, null)).blob();
      save(whole, `execution-${log.execution_id}-${log.step}.txt`);
    });

  return (
    <SpaceBetween size="xs">
      <SpaceBetween direction="horizontal" size="s" alignItems="center">
        <Box color="text-body-secondary">
          {before
            ? t('output.part', {
                shown: sizeWords(held.bytes.length, language),
                size: sizeWords(held.size, language),
              })
            : sizeWords(held.size, language)}
        </Box>
        {before && (
          <Button loading={busy} iconName="arrow-up" onClick={() => void earlier()}>
            {t('output.earlier')}
          </Button>
        )}
        <Button loading={busy} iconName="download" onClick={() => void download()}>
          {t('output.download')}
        </Button>
        <Toggle checked={wrap} onChange={({ detail }) => setWrap(detail.checked)}>
          {t('list.wrap')}
        </Toggle>
        <Box color="text-body-secondary" fontSize="body-s">
          {t('output.search')}
        </Box>
      </SpaceBetween>
      <Code
        value={text}
        label={t('output.label', { step: t(`step.${log.step}`) })}
        wrap={wrap}
        tall
        follow
      />
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
