/** Notices: what was told to whom, by which way, and what reached nobody. */
import Button from '@cloudscape-design/components/button';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { listNotices, type Notice } from '@/api/client';
import { Aside } from '@/app/aside';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { Listing, type Column } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { SeverityBadge, Word } from '@/ui/words';
import { useAddress } from '../address';
import { NOTICES } from '../fields';
import { AboutLink } from './AboutLink';
import { NoticePeek } from './NoticePeek';

export default function Notices() {
  const { t } = useTranslation();
  const search = useAddress();
  const navigate = useNavigate();
  const open = (id?: number) => void navigate({ to: '.', search: { ...search, id } as never });
  return (
    <Page title={t('list.notices.title')} description={t('list.notices.description')}>
      <Listing<Notice>
        name="notices"
        topic="notices"
        ask={(query, signal) => listNotices({ query, signal })}
        columns={useColumns(open)}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => `#${row.id} ${row.channel}`}
        fields={NOTICES}
        search={search}
        dated
        seen={(rows) => ({ channel: [...new Set(rows.map((row) => row.channel))] })}
      />
      {search.id !== undefined && (
        <Aside header={t('notice.title', { id: search.id })} onClose={() => open()}>
          <NoticePeek id={search.id} />
        </Aside>
      )}
    </Page>
  );
}

function useColumns(open: (id: number) => void): readonly Column<Notice>[] {
  const { t } = useTranslation();
  return [
    {
      id: 'notice',
      cell: (row) => (
        <>
          {`#${row.id}`}{' '}
          <Button
            variant="inline-icon"
            iconName="view-full"
            ariaLabel={t('notice.peek', { id: row.id })}
            onClick={() => open(row.id)}
          />
        </>
      ),
      rowHeader: true,
      width: 110,
    },
    {
      id: 'created_at',
      cell: (row) => <Time at={row.created_at} />,
      width: 225,
      sort: 'created_at',
    },
    { id: 'status', cell: (row) => <Word kind="noticeStatus" value={row.status} />, width: 160 },
    { id: 'channel', cell: (row) => row.channel, width: 120 },
    { id: 'news', cell: (row) => word(t, 'noticeState', row.state), width: 150 },
    { id: 'about', cell: (row) => <AboutLink threadKey={row.thread_key} />, width: 230 },
    { id: 'severity', cell: (row) => <SeverityBadge value={row.severity} />, width: 110 },
    { id: 'service_type', cell: (row) => row.service_type || '–', width: 110 },
    { id: 'told_at', cell: (row) => <Time at={row.ended_at} />, width: 225 },
    { id: 'attempts', cell: (row) => row.attempts, width: 110, extra: true },
  ];
}
