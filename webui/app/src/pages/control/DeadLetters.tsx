/** Messages that nobody could read: what is wrong with each, giving it back, closing it. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import {
  discardDeadLetter,
  getDeadLetter,
  listDeadLetters,
  requeueDeadLetter,
  type DeadLetter,
} from '@/api/client';
import { Aside } from '@/app/aside';
import { useMay } from '@/auth/roles';
import { word } from '@/i18n';
import { touch } from '@/live/current';
import { Time } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { Listing, type Column } from '@/ui/Listing';
import { tell } from '@/ui/notices';
import { Asked, Page } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { Word } from '@/ui/words';
import { useAddress } from '../address';
import { LETTERS } from '../fields';

export default function DeadLetters() {
  const { t } = useTranslation();
  const may = useMay('operator');
  const search = useAddress();
  const navigate = useNavigate();
  const open = (id?: number) => void navigate({ to: '.', search: { ...search, id } as never });
  return (
    <Page title={t('list.letters.title')} description={t('list.letters.description')}>
      <Listing<DeadLetter>
        name="letters"
        topic="dead-letters"
        ask={(query, signal) => listDeadLetters({ query, signal })}
        columns={useColumns(may ? open : null)}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => String(row.id)}
        fields={LETTERS}
        search={search}
        dated
        seen={(rows) => ({ reason: [...new Set(rows.map((row) => row.reason))] })}
      />
      {may && search.id !== undefined && (
        <Aside header={t('letter.title', { id: search.id })} onClose={() => open()}>
          <Whole id={search.id} />
        </Aside>
      )}
    </Page>
  );
}

function useColumns(onOpen: ((id: number) => void) | null): readonly Column<DeadLetter>[] {
  const { t } = useTranslation();
  return [
    { id: 'letter', cell: (row) => `#${row.id}`, rowHeader: true, width: 90 },
    {
      id: 'received_at',
      cell: (row) => <Time at={row.received_at} />,
      width: 230,
      sort: 'received_at',
    },
    { id: 'state', cell: (row) => <Word kind="letterState" value={row.state} />, width: 140 },
    { id: 'reason', cell: (row) => word(t, 'unreadable', row.reason), width: 200 },
    { id: 'detail', cell: (row) => row.detail, width: 380 },
    { id: 'handled_at', cell: (row) => <Time at={row.handled_at} />, width: 230, extra: true },
    {
      id: 'do',
      cell: (row) =>
        onOpen ? <Button onClick={() => onOpen(row.id)}>{t('letter.open')}</Button> : '–',
      width: 130,
    },
  ];
}

function Whole({ id }: { id: number }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<'requeue' | 'discard' | null>(null);
  const found = useQuery({
    queryKey: ['dead-letters', 'one', id],
    queryFn: async ({ signal }) => (await getDeadLetter({ path: { letter_id: id }, signal })).data,
  });
  async function run() {
    const path = { letter_id: id };
    await (asked === 'requeue' ? requeueDeadLetter({ path }) : discardDeadLetter({ path }));
    tell(t(`letter.${asked}_done`, { id }));
    touch('dead-letters', 'events');
  }
  return (
    <Asked query={found}>
      {(letter) => (
        <SpaceBetween size="m">
          <Box>
            <Word kind="letterState" value={letter.state} /> ·{' '}
            {word(t, 'unreadable', letter.reason)} · {letter.detail}
          </Box>
          {letter.state === 'kept' && (
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => setAsked('requeue')}>{t('letter.requeue')}</Button>
              <Button onClick={() => setAsked('discard')}>{t('letter.discard')}</Button>
            </SpaceBetween>
          )}
          <Code value={letter.body} label={t('letter.body')} wrap />
          {asked && (
            <Confirm
              title={t(`letter.${asked}`)}
              words={t(`letter.${asked}_words`)}
              button={t(`letter.${asked}`)}
              onEnd={() => setAsked(null)}
              onDo={run}
            />
          )}
        </SpaceBetween>
      )}
    </Asked>
  );
}
