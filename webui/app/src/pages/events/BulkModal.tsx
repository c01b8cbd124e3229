/** Many events at once: asks for the reason, tells how far it is, and what was refused and why. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { listEvents } from '@/api/client';
import { Confirm } from '@/ui/Confirm';
import { queryOf, type Search } from '@/ui/filter';
import { Failure } from '@/ui/Page';
import { EVENTS } from '../fields';
import { doTo, type EventAction } from './actions';
import { actOn, actOnAll, CHUNK, type Progress } from './bulk';

interface Props {
  action: EventAction;
  all: boolean;
  ids: readonly number[];
  search: Search;
  onEnd: () => void;
}

export function BulkModal({ action, all, ids, search, onEnd }: Props) {
  const { t } = useTranslation();
  const [progress, setProgress] = useState<Progress | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [ended, setEnded] = useState(false);
  const stop = useRef<AbortController>(null);
  useEffect(() => () => stop.current?.abort(), []);

  async function run(reason: string) {
    stop.current = new AbortController();
    const { signal } = stop.current;
    // One moment for the whole walk: "the last hour" must not move while it goes on.
    const query = { ...queryOf(search, EVENTS, Date.now()), limit: CHUNK };
    const outside = {
      signal,
      onProgress: setProgress,
      act: (chunk: number[]) => doTo(chunk, action, reason),
      page: async (cursor: string | null) => {
        const { data } = await listEvents({ query: cursor ? { ...query, cursor } : query, signal });
        return { ids: data.items.map((row) => row.id), next: data.next };
      },
    };
    try {
      setProgress(await (all ? actOnAll(outside) : actOn(ids, outside)));
    } catch (problem) {
      if (!signal.aborted) setError(problem);
    }
    setEnded(true);
  }

  if (!progress) {
    const title = all ? t('bulk.title_all') : t('bulk.title', { count: ids.length });
    return (
      <Confirm
        title={`${t(`action.${action}`)} · ${title}`}
        words={<Box>{t(`action.${action}_words`)}</Box>}
        button={t(`action.${action}`)}
        reason={action === 'restore' ? undefined : 'required'}
        onEnd={onEnd}
        onDo={async (reason) => void run(reason)}
        onDone={() => setProgress({ found: ids.length, done: 0, refused: [], succeeded: 0 })}
      />
    );
  }
  return (
    <Modal
      visible
      header={t(`action.${action}`)}
      onDismiss={onEnd}
      footer={
        <Box float="right">
          <Button variant={ended ? 'primary' : 'normal'} onClick={onEnd}>
            {ended ? t('common.close') : t('bulk.stop')}
          </Button>
        </Box>
      }
    >
      <Report progress={progress} ended={ended} error={error} />
    </Modal>
  );
}

interface ReportProps {
  progress: Progress;
  ended: boolean;
  error: unknown;
}

function Report({ progress, ended, error }: ReportProps) {
  const { t } = useTranslation();
  const share = progress.found ? (progress.done / progress.found) * 100 : 0;
  return (
    <SpaceBetween size="m">
      {!ended && (
        <ProgressBar
          value={share}
          label={t('bulk.under_way')}
          description={t('bulk.progress', { done: progress.done, found: progress.found })}
        />
      )}
      {error !== null && <Failure error={error} />}
      {ended && progress.succeeded > 0 && (
        <StatusIndicator type="success">
          {t('bulk.succeeded', { count: progress.succeeded })}
        </StatusIndicator>
      )}
      {ended && !error && progress.found === 0 && <Alert>{t('list.no_match')}</Alert>}
      {progress.refused.length > 0 && (
        <Table
          variant="embedded"
          items={progress.refused.slice(0, 100)}
          trackBy="id"
          header={<Box variant="h3">{t('bulk.refused', { count: progress.refused.length })}</Box>}
          columnDefinitions={[
            { id: 'id', header: t('column.event'), cell: (one) => `#${one.id}`, isRowHeader: true },
            { id: 'why', header: t('column.why'), cell: (one) => `${one.words} ${one.remedy}` },
          ]}
        />
      )}
    </SpaceBetween>
  );
}
