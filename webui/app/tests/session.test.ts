import { describe, expect, it, vi } from 'vitest';
import { createSessions, csrfOf } from '@/auth/session';

const USER = { id: 1, username: 'kim', role: 'operator' };

function house(options: { cookie?: string; refresh?: () => Response } = {}) {
  const calls: { path: string; token: string | null; csrf: string | null }[] = [];
  let good = 'first';
  const sessions = createSessions({
    cookie: () => options.cookie ?? 'rescue_csrf=abc',
    alone: (work) => work(),
    fetch: async (request) => {
      const path = new URL(request.url).pathname;
      const token = request.headers.get('Authorization');
      calls.push({ path, token, csrf: request.headers.get('X-CSRF-Token') });
      if (path.endsWith('/refresh')) {
        if (options.refresh) return options.refresh();
        good = `${good}+`;
        return Response.json({ access_token: good, user: USER });
      }
      return token === `Bearer ${good}` ? Response.json({ ok: true }) : refused();
    },
  });
  return { sessions, calls, expire: () => (good = 'other') };
}

const refused = () => new Response('{}', { status: 401 });
const ask = () => new Request('http://localhost/api/v1/events');

describe('the session', () => {
  it('begins from the cookie, with its CSRF value', async () => {
    const { sessions, calls } = house();
    await sessions.begin();
    expect(sessions.store.get()).toMatchObject({ state: 'in', role: 'operator' });
    expect(calls).toEqual([{ path: '/api/v1/auth/refresh', token: null, csrf: 'abc' }]);
  });

  it('asks nobody where there is no cookie', async () => {
    const { sessions, calls } = house({ cookie: '' });
    await sessions.begin();
    expect(sessions.store.get()).toEqual({ state: 'out', why: 'first' });
    expect(calls).toEqual([]);
  });

  it('refreshes once however many requests meet an expired token', async () => {
    const { sessions, calls, expire } = house();
    await sessions.begin();
    expire();
    const answers = await Promise.all([1, 2, 3].map(() => sessions.fetch(ask())));
    expect(answers.map((one) => one.status)).toEqual([200, 200, 200]);
    expect(calls.filter((one) => one.path.endsWith('/refresh'))).toHaveLength(2);
  });

  it('repeats a refused request once and no more', async () => {
    const { sessions, calls } = house();
    await sessions.begin();
    sessions.accept({ access_token: 'wrong', user: USER } as never);
    const seen = vi.fn();
    sessions.store.subscribe(seen);
    const answer = await sessions.fetch(ask());
    expect(answer.status).toBe(200);
    expect(calls.filter((one) => one.path.endsWith('/events'))).toHaveLength(2);
  });

  it('says that it is over when the cookie holds no more', async () => {
    const { sessions } = house({ refresh: refused });
    sessions.accept({ access_token: 'old', user: USER } as never);
    const answer = await sessions.fetch(ask());
    expect(answer.status).toBe(401);
    expect(sessions.store.get()).toEqual({ state: 'out', why: 'over' });
  });

  it('stays while the server does not answer a refresh', async () => {
    const { sessions } = house({ refresh: () => new Response('{}', { status: 503 }) });
    sessions.accept({ access_token: 'old', user: USER } as never);
    await sessions.fetch(ask());
    expect(sessions.store.get()).toMatchObject({ state: 'in' });
  });

  it('sends the body again when it repeats a request', async () => {
    const bodies: string[] = [];
    const sessions = createSessions({
      cookie: () => 'rescue_csrf=abc',
      alone: (work) => work(),
      fetch: async (request) => {
        if (request.url.endsWith('/refresh'))
          return Response.json({ access_token: 'new', user: USER });
        bodies.push(await request.text());
        return bodies.length === 1 ? refused() : Response.json({});
      },
    });
    sessions.accept({ access_token: 'old', user: USER } as never);
    await sessions.fetch(new Request('http://localhost/x', { method: 'POST', body: 'hello' }));
    expect(bodies).toEqual(['hello', 'hello']);
  });

  it('reads its CSRF value among other cookies', () => {
    expect(csrfOf('a=1; rescue_csrf=x%2Fy; b=2')).toBe('x/y');
    expect(csrfOf('not_rescue_csrf=1')).toBe('');
  });
});
