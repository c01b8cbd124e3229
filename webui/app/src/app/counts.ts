/** What waits for people, counted once for the navigation, the banner and the dashboard. */
import { useQuery } from '@tanstack/react-query';
import { getDashboard, listHalts } from '@/api/client';

export function useOverview() {
  return useQuery({
    queryKey: ['dashboard'],
    queryFn: async ({ signal }) => (await getDashboard({ signal })).data,
  });
}

export function useHalts() {
  return useQuery({
    queryKey: ['halts', 'standing'],
    queryFn: async ({ signal }) =>
      (await listHalts({ signal, query: { standing: true, limit: 50 } })).data.items,
  });
}

export function useWaiting() {
  const { data } = useOverview();
  return {
    approvals: data?.approvals.waiting ?? 0,
    bounded: data?.approvals.waiting_is_bounded ?? false,
    letters: data?.dead_letters ?? 0,
    notices: data ? data.notices.given_up + data.notices.late : 0,
    held: Object.values(data?.held ?? {}).reduce((sum, n) => sum + n, 0),
  };
}
