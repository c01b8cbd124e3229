/**
 * Who is signed in, and the token that proves it.
 *
 * Invariant: the access token is in memory only, and at most one refresh is under way, over all
 * tabs: a refresh token that is used twice ends the whole session.
 */
import type { Role, User } from '@/api/generated';
import { createStore, type Store } from '@/ui/store';

export type WhyOut = 'over' | 'left' | 'first';
export type Session =
  { state: 'starting' } | { state: 'out'; why: WhyOut } | { state: 'in'; user: User; role: Role };

interface Token {
  access_token: string;
  user: User;
}

export interface Outside {
  fetch: (request: Request) => Promise<Response>;
  cookie: () => string;
  /** Runs one piece of work at a time over all tabs of this browser. */
  alone: <T>(work: () => Promise<T>) => Promise<T>;
}

const REFRESH = '/api/v1/auth/refresh';
const SIGN_OUT = '/api/v1/auth/sign-out';

export interface Sessions {
  store: Store<Session>;
  begin(): Promise<void>;
  accept(token: Token): void;
  leave(): Promise<void>;
  drop(why: WhyOut): void;
  fetch(request: Request): Promise<Response>;
}

export function csrfOf(cookies: string): string {
  const found = /(?:^|;\s*)rescue_csrf=([^;]*)/.exec(cookies);
  return decodeURIComponent(found?.[1] ?? '');
}

export function createSessions(outside: Outside): Sessions {
  const store = createStore<Session>({ state: 'starting' });
  let token = '';
  let refreshing: Promise<boolean> | null = null;

  function accept(found: Token): void {
    token = found.access_token;
    store.set({ state: 'in', user: found.user, role: found.user.role as Role });
  }

  function drop(why: WhyOut): void {
    token = '';
    store.set({ state: 'out', why });
  }

  function byCookie(path: string): Promise<Response> {
    const url = new URL(path, location.origin);
    const headers = { 'X-CSRF-Token': csrfOf(outside.cookie()) };
    return outside.fetch(new Request(url, { method: 'POST', headers }));
  }

  /** A new token for the cookie's; false where the session is over, an error where nobody answers. */
  async function renew(): Promise<boolean> {
    const answer = await outside.alone(() => byCookie(REFRESH));
    if (answer.ok) {
      accept((await answer.json()) as Token);
      return true;
    }
    if (answer.status !== 401) return false;
    drop(store.get().state === 'in' ? 'over' : 'first');
    return false;
  }

  function refresh(used: string): Promise<boolean> {
    // Somebody else's refresh has come in between: its token is good.
    if (used !== token) return Promise.resolve(token !== '');
    refreshing ??= renew().finally(() => {
      refreshing = null;
    });
    return refreshing;
  }

  function withToken(request: Request): Request {
    const sent = new Request(request);
    if (token) sent.headers.set('Authorization', `Bearer ${token}`);
    return sent;
  }

  return {
    store,
    accept,
    drop,
    async begin() {
      if (!csrfOf(outside.cookie())) return drop('first');
      if (!(await refresh('').catch(() => false)) && store.get().state === 'starting')
        drop('first');
    },
    async leave() {
      await byCookie(SIGN_OUT).catch(() => null);
      drop('left');
    },
    async fetch(request) {
      const used = token;
      const again = request.clone();
      const answer = await outside.fetch(withToken(request));
      if (answer.status !== 401 || !used) return answer;
      return (await refresh(used)) ? outside.fetch(withToken(again)) : answer;
    },
  };
}
