/** The live stream of this tab, and what its topics mean for the queries on the screen. */
import { QueryClient, type Query } from '@tanstack/react-query';
import { Problem } from '@/api/problems';
import { sessions } from '@/auth/current';
import { useStore } from '@/ui/store';
import { createLive, type LiveState } from './stream';

const POLL_MS = 10_000;
const POLL_LIVE_MS = 60_000;
const TOGETHER_MS = 250;
// How old the overview may be that the API gives, and a little more.
const OVERVIEW_MS = 3_500;

// Keys of queries begin with their topic; these also change when another topic does.
const ALSO: Readonly<Record<string, readonly string[]>> = {
  events: ['dashboard', 'servers'],
  executions: ['dashboard', 'logs', 'events', 'approvals'],
  approvals: ['dashboard', 'events', 'executions'],
  halts: ['dashboard'],
  'maintenance-windows': ['dashboard'],
  'dead-letters': ['dashboard'],
  advice: ['dashboard', 'events', 'drafts'],
  notices: ['dashboard', 'events'],
};

export function topicsOf(topic: string): readonly string[] {
  return [topic, ...(ALSO[topic] ?? [])];
}

export function pollEvery(state: LiveState): number | false {
  if (state === 'paused') return false;
  return state === 'live' ? POLL_LIVE_MS : POLL_MS;
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A list that nobody needs fresh says so itself, with `meta: { still: true }`.
      refetchInterval: (query: Query) => (query.meta?.still ? false : pollEvery(live.store.get())),
      staleTime: 2_000,
      retry: (count, error) => error instanceof Problem && error.passes && count < 2,
    },
    mutations: { retry: false },
  },
});

let changed = new Set<string>();

/** A burst of changes is one round of questions. */
function note(topic: string): void {
  if (!changed.size) setTimeout(ask, TOGETHER_MS);
  for (const one of topicsOf(topic)) changed.add(one);
}

function ask(): void {
  const topics = changed;
  changed = new Set();
  for (const topic of topics) void queries.invalidateQueries({ queryKey: [topic] });
  if (topics.has('dashboard')) askOverviewLater();
}

// How often the overview is still asked for after the latest change.
let rounds = 0;

/**
 * The API's overview may be from just before the change, so it is asked for once more when that is over.
 * And again: whoever asks while somebody else does is given what there was before.
 */
function askOverviewLater(): void {
  const waits = rounds > 0;
  // One more where the next round may come at once.
  rounds = waits ? 3 : 2;
  if (!waits) setTimeout(askOverview, OVERVIEW_MS);
}

function askOverview(): void {
  rounds -= 1;
  void queries.invalidateQueries({ queryKey: ['dashboard'] });
  if (rounds) setTimeout(askOverview, OVERVIEW_MS);
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export const live = createLive({
  open(lastId, signal) {
    const headers = lastId ? { 'Last-Event-ID': lastId } : undefined;
    return sessions.fetch(
      new Request(new URL('/api/v1/stream', location.origin), { headers, signal }),
    );
  },
  onTopic: note,
  wait,
});

/** After something was done here: whatever it may have changed is asked again at once. */
export function touch(...topics: string[]): void {
  for (const topic of topics) note(topic);
}

export function useLive(): LiveState {
  return useStore(live.store);
}
