/** What the minion has told, beside what a person has made of it. */
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { EventLog } from '@/api/client';
import { Asked } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { textOf } from './fetching';
import { Sides } from './Sides';

// Of more than that the difference would take seconds.
const COMPARED = 1_000_000;

export function Original({ log, onEnd }: { log: EventLog; onEnd: () => void }) {
  const { t } = useTranslation();
  const texts = useQuery({
    queryKey: ['logs', 'original', log.id, log.corrected_at],
    meta: { still: true },
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const [original, now] = await Promise.all([
        textOf(log.id, { signal, which: 'original' }),
        textOf(log.id, { signal }),
      ]);
      return { original, now };
    },
  });
  return (
    <Modal visible size="max" header={t('correct.original')} onDismiss={onEnd}>
      <Asked query={texts}>{(found) => <Shown {...found} />}</Asked>
    </Modal>
  );
}

function Shown({ original, now }: { original: string; now: string }) {
  const { t } = useTranslation();
  if (Math.max(original.length, now.length) > COMPARED) {
    return <Code value={original} label={t('correct.original')} wrap tall />;
  }
  return (
    <SpaceBetween size="s">
      {original === now && (
        <StatusIndicator type="info">{t('correct.only_status')}</StatusIndicator>
      )}
      <Sides before={original} after={now} labels={[t('correct.told'), t('correct.corrected')]} />
    </SpaceBetween>
  );
}
