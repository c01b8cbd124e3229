/** The session of this browser. */
import { useStore } from '@/ui/store';
import { createSessions, type Session } from './session';

/** Where the browser has no locks (plain HTTP), this tab alone is kept in order. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? navigator.locks.request('rescue-refresh', work) : work();
}

export const sessions = createSessions({
  fetch: (request) => fetch(request),
  cookie: () => document.cookie,
  alone,
});

export function useSession(): Session {
  return useStore(sessions.store);
}
