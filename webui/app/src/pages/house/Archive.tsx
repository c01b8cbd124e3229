/** The archive: what has left the ledger for files, what would leave it next, bringing it back. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import {
  archiveNow,
  listArchives,
  previewArchive,
  restoreArchive,
  type Archive as ArchiveRow,
} from '@/api/client';
import { usePreferences } from '@/app/preferences';
import { useMay } from '@/auth/roles';
import { touch } from '@/live/current';
import { Time } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { Listing } from '@/ui/Listing';
import { tell } from '@/ui/notices';
import { Asked, Page } from '@/ui/Page';
import { Word } from '@/ui/words';
import { useAddress } from '../address';
import { useNumberWords } from '../dashboard/numbers';
import { sizeWords } from '../executions/output';
import { ARCHIVES } from '../fields';

export default function Archive() {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const number = useNumberWords();
  const isAdmin = useMay('admin');
  const [restored, setRestored] = useState<ArchiveRow | null>(null);
  return (
    <Page title={t('list.archives.title')} description={t('list.archives.description')}>
      <SpaceBetween size="l">
        <Next />
        <Listing<ArchiveRow>
          name="archives"
          topic="archives"
          ask={(query, signal) => listArchives({ query, signal })}
          keyOf={(row) => String(row.id)}
          labelOf={(row) => String(row.id)}
          fields={ARCHIVES}
          search={useAddress()}
          columns={[
            { id: 'archive', cell: (row) => `#${row.id}`, rowHeader: true, width: 80 },
            {
              id: 'state',
              cell: (row) => <Word kind="archiveState" value={row.state} />,
              width: 130,
            },
            { id: 'first_at', cell: (row) => <Time at={row.first_at} />, width: 230 },
            { id: 'last_at', cell: (row) => <Time at={row.last_at} />, width: 230 },
            { id: 'events', cell: (row) => number(row.events ?? 0), width: 100 },
            { id: 'size', cell: (row) => sizeWords(row.size ?? 0, language), width: 110 },
            { id: 'place', cell: (row) => `${row.place}/${row.name ?? ''}`, width: 300 },
            {
              id: 'do',
              cell: (row) =>
                isAdmin && row.state === 'done' ? (
                  <Button onClick={() => setRestored(row)}>{t('archive.restore')}</Button>
                ) : (
                  <Time at={row.restored_at} />
                ),
              width: 150,
            },
          ]}
        />
      </SpaceBetween>
      {restored && (
        <Confirm
          title={t('archive.restore')}
          words={t('archive.restore_words')}
          button={t('archive.restore')}
          onEnd={() => setRestored(null)}
          onDo={async () => {
            const { data } = await restoreArchive({ path: { archive_id: restored.id } });
            tell(t('archive.restored', { events: data.events }));
            touch('archives', 'events');
          }}
        />
      )}
    </Page>
  );
}

function Next() {
  const { t } = useTranslation();
  const number = useNumberWords();
  const isAdmin = useMay('admin');
  const [asked, setAsked] = useState(false);
  const found = useQuery({
    queryKey: ['archives', 'preview'],
    queryFn: async ({ signal }) => (await previewArchive({ signal })).data,
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            isAdmin && (
              <Button disabled={!found.data?.place} onClick={() => setAsked(true)}>
                {t('archive.now')}
              </Button>
            )
          }
        >
          {t('archive.next')}
        </Header>
      }
    >
      <Asked query={found}>
        {(preview) => (
          <SpaceBetween size="s">
            {!preview.place && <Box>{t('archive.off')}</Box>}
            <KeyValuePairs
              columns={4}
              items={[
                { label: t('archive.before'), value: <Time at={preview.before} /> },
                { label: t('column.events'), value: number(preview.events) },
                { label: t('archive.by_hand'), value: number(preview.executions_by_hand) },
                { label: t('archive.place'), value: preview.place ?? '–' },
              ]}
            />
          </SpaceBetween>
        )}
      </Asked>
      {asked && (
        <Confirm
          title={t('archive.now')}
          words={t('archive.now_words')}
          button={t('archive.now')}
          onEnd={() => setAsked(false)}
          onDo={async () => {
            const { data } = await archiveNow();
            tell(t('archive.done', { events: data.events }));
            touch('archives', 'events');
          }}
        />
      )}
    </Container>
  );
}
