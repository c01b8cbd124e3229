/** The inbox of what waits for a person: a list, and beside it all that one needs to answer. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { listApprovals, type Approval, type ApprovalState } from '@/api/client';
import { usePreferences } from '@/app/preferences';
import { Recent } from '@/time/Time';
import { useShortcut } from '@/ui/keys';
import { Asked, Nothing, Page } from '@/ui/Page';
import { counted } from '@/ui/pages';
import { Word } from '@/ui/words';
import { useAddress } from '../address';
import { ApprovalCard } from './ApprovalCard';
import { neighbour } from './preview';

const ANSWERED: ApprovalState[] = [
  'approved',
  'spent',
  'rejected',
  'expired',
  'withdrawn',
  'refused',
];

function useApprovals(waiting: boolean) {
  return useInfiniteQuery({
    queryKey: ['approvals', 'inbox', waiting],
    initialPageParam: '',
    queryFn: async ({ signal, pageParam }) => {
      const state: ApprovalState[] = waiting ? ['pending'] : ANSWERED;
      // Whoever waits longest is first; of what was answered, the latest.
      const sort = waiting ? 'asked_at' : '-asked_at';
      const cursor = pageParam ? { cursor: pageParam } : {};
      return (await listApprovals({ signal, query: { state, sort, limit: 50, ...cursor } })).data;
    },
    getNextPageParam: (page) => page.next,
  });
}

export default function Approvals() {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const search = useAddress();
  const navigate = useNavigate();
  const states = Array.isArray(search.state) ? search.state : [];
  const waiting = !states.length || states.includes('pending');
  const approvals = useApprovals(waiting);
  const rows = approvals.data?.pages.flatMap((page) => page.items) ?? [];
  const current = search.id ?? rows[0]?.id;
  const open = (id: number | undefined) =>
    void navigate({ to: '.', search: { ...search, id } as never, replace: true });
  const ids = rows.map((row) => row.id);
  useShortcut('j', 'approval.next', () => open(neighbour(ids, current, 1)));
  useShortcut('k', 'approval.previous', () => open(neighbour(ids, current, -1)));
  return (
    <Page title={t('approval.inbox')} description={t('approval.inbox_more')}>
      <div className="two-panes">
        <Container
          header={
            <Header variant="h2" counter={counted(approvals.data?.pages[0], language)}>
              {t(waiting ? 'approval.waiting' : 'approval.answered')}
            </Header>
          }
        >
          <SpaceBetween size="s">
            <SegmentedControl
              label={t('approval.which')}
              selectedId={waiting ? 'waiting' : 'answered'}
              options={[
                { id: 'waiting', text: t('approval.waiting') },
                { id: 'answered', text: t('approval.answered') },
              ]}
              onChange={({ detail }) => {
                const state = detail.selectedId === 'waiting' ? ['pending'] : ANSWERED;
                void navigate({ to: '.', search: { state } as never });
              }}
            />
            <Asked query={{ ...approvals, data: approvals.data && rows }}>
              {(all) => <Inbox rows={all} current={current} waiting={waiting} onOpen={open} />}
            </Asked>
            {approvals.hasNextPage && (
              <Button
                fullWidth
                loading={approvals.isFetchingNextPage}
                onClick={() => void approvals.fetchNextPage()}
              >
                {t('common.more')}
              </Button>
            )}
          </SpaceBetween>
        </Container>
        {current !== undefined && (
          <ApprovalCard key={current} id={current} onAnswered={() => open(undefined)} />
        )}
      </div>
    </Page>
  );
}

interface InboxProps {
  rows: readonly Approval[];
  current: number | undefined;
  waiting: boolean;
  onOpen: (id: number) => void;
}

function Inbox({ rows, current, waiting, onOpen }: InboxProps) {
  const { t } = useTranslation();
  if (!rows.length) {
    return <Nothing words={t(waiting ? 'approval.none' : 'approval.none_answered')} />;
  }
  return (
    <ul className="inbox">
      {rows.map((row) => (
        <li key={row.id}>
          <button type="button" aria-current={row.id === current} onClick={() => onOpen(row.id)}>
            <Box fontWeight="bold">{row.servers.join(', ')}</Box>
            <Box fontSize="body-s">{row.why}</Box>
            <Box fontSize="body-s" color="text-body-secondary">
              {waiting ? (
                <Recent at={row.asked_at} />
              ) : (
                <Word kind="approvalState" value={row.state} />
              )}
            </Box>
          </button>
        </li>
      ))}
    </ul>
  );
}
