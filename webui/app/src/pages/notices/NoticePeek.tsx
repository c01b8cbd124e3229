/** One notice beside the list: what it tells of, what becomes of it, and what each way answered. */
import Box from '@cloudscape-design/components/box';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { getNotice, type NoticeReceipt, type NoticeWhole } from '@/api/client';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Asked, Nothing } from '@/ui/Page';
import { SeverityBadge, Word } from '@/ui/words';
import { useNumberWords } from '../dashboard/numbers';
import { AboutLink } from './AboutLink';
import { answerOf, lookOf } from './hops';

export function NoticePeek({ id }: { id: number }) {
  const found = useQuery({
    queryKey: ['notices', 'one', id],
    queryFn: async ({ signal }) => (await getNotice({ path: { notice_id: id }, signal })).data,
  });
  return (
    <Asked query={found}>
      {(notice) => (
        <SpaceBetween size="l">
          <Facts notice={notice} />
          <Receipts receipts={notice.receipts} />
        </SpaceBetween>
      )}
    </Asked>
  );
}

function Facts({ notice }: { notice: NoticeWhole }) {
  const { t } = useTranslation();
  return (
    <KeyValuePairs
      columns={4}
      items={[
        { label: t('column.news'), value: word(t, 'noticeState', notice.state) },
        { label: t('column.about'), value: <AboutLink threadKey={notice.thread_key} /> },
        { label: t('column.channel'), value: notice.channel },
        { label: t('column.severity'), value: <SeverityBadge value={notice.severity} /> },
        { label: t('column.status'), value: <Became notice={notice} /> },
        { label: t('column.created_at'), value: <Time at={notice.created_at} /> },
        notice.status === 'pending'
          ? { label: t('notice.next'), value: <Time at={nextOf(notice)} /> }
          : { label: t('column.told_at'), value: <Time at={notice.ended_at} /> },
        { label: t('column.attempts'), value: notice.attempts },
      ]}
    />
  );
}

/** Quiet hours keep it back, or the pause after a way that did not take it: whichever is longer. */
function nextOf({ not_before, next_at }: NoticeWhole): string {
  return Date.parse(not_before) > Date.parse(next_at) ? not_before : next_at;
}

function Became({ notice }: { notice: NoticeWhole }) {
  const { t } = useTranslation();
  const { merged_into: into } = notice;
  return (
    <>
      <Word kind="noticeStatus" value={notice.status} />
      <Box color="text-body-secondary" fontSize="body-s">
        {t(`notice.${notice.status}_words`)}{' '}
        {into !== null && <Link to={`/notices?id=${into}`}>{t('notice.title', { id: into })}</Link>}
      </Box>
    </>
  );
}

function Receipts({ receipts }: { receipts: readonly NoticeReceipt[] }) {
  const { t } = useTranslation();
  const number = useNumberWords();
  return (
    <Table
      variant="embedded"
      contentDensity="compact"
      wrapLines
      items={receipts}
      trackBy={(one) => String(one.id)}
      ariaLabels={{ tableLabel: t('notice.receipts') }}
      header={<Box variant="h3">{t('notice.receipts')}</Box>}
      empty={<Nothing words={t('notice.no_receipts')} />}
      columnDefinitions={[
        { id: 'tried_at', header: t('column.noted_at'), cell: (one) => <Time at={one.tried_at} /> },
        {
          id: 'way',
          header: t('column.way'),
          cell: (one) => word(t, 'way', one.way),
          isRowHeader: true,
        },
        { id: 'answer', header: t('column.receipt'), cell: (one) => <Answer receipt={one} /> },
        { id: 'place', header: t('column.place'), cell: (one) => one.place || '–' },
        {
          id: 'reference',
          header: t('column.reference'),
          cell: (one) => (one.reference ? <span className="mono">{one.reference}</span> : '–'),
        },
        {
          id: 'took',
          header: t('column.took'),
          cell: (one) => t('notice.ms', { ms: number(one.milliseconds) }),
        },
      ]}
    />
  );
}

/** The word for it, and beneath it the way's own where that is another one. */
function Answer({ receipt }: { receipt: NoticeReceipt }) {
  const { t } = useTranslation();
  const words = word(t, 'receipt', answerOf(receipt));
  return (
    <>
      <StatusIndicator type={lookOf(receipt)}>{words}</StatusIndicator>
      {!receipt.ok && words !== receipt.code && (
        <Box color="text-body-secondary" fontSize="body-s">
          <span className="mono">{receipt.code}</span>
        </Box>
      )}
    </>
  );
}
