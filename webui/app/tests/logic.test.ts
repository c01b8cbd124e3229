import { describe, expect, it, vi } from 'vitest';
import { actionsFor, actionsOn } from '@/pages/events/actions';
import { actOn, actOnAll, CHUNK } from '@/pages/events/bulk';
import { timelineOf } from '@/pages/events/timeline';
import { aboutOf, answerOf, hopsOf, lookOf } from '@/pages/notices/hops';
import { neighbour, readPreview } from '@/pages/approvals/preview';
import {
  aligned,
  cutFront,
  joined,
  rangeBefore,
  readable,
  readRange,
} from '@/pages/executions/output';
import { changesBetween, clashes } from '@/pages/kept/kept';

const became = (ids: number[], word = 'closed') =>
  ids.map((id) => ({ id, became: word, words: '', remedy: '', made: null }));

describe('many events at once', () => {
  const ids = Array.from({ length: CHUNK * 2 + 1 }, (_, n) => n + 1);

  it('go in chunks and are all counted', async () => {
    const act = vi.fn(async (chunk: number[]) => became(chunk));
    const seen: number[] = [];
    const { signal } = new AbortController();
    const end = await actOn(ids, { act, signal, onProgress: ({ done }) => seen.push(done) });
    expect(act.mock.calls.map(([chunk]) => chunk.length)).toEqual([CHUNK, CHUNK, 1]);
    expect(seen).toEqual([CHUNK, CHUNK * 2, CHUNK * 2 + 1]);
    expect(end).toMatchObject({ found: ids.length, succeeded: ids.length, refused: [] });
  });

  it('that match are all collected before anything is done', async () => {
    const order: string[] = [];
    const pages = [
      { ids: [1, 2], next: 'b' },
      { ids: [2, 3], next: null },
    ];
    const end = await actOnAll({
      page: async (cursor) => {
        order.push(`page ${cursor ?? ''}`);
        return pages.shift() ?? { ids: [], next: null };
      },
      act: async (chunk) => {
        order.push(`act ${chunk.join()}`);
        return [...became(chunk.slice(1)), ...became(chunk.slice(0, 1), 'conflict')];
      },
      onProgress: () => undefined,
      signal: new AbortController().signal,
    });
    expect(order).toEqual(['page ', 'page b', 'act 1,2,3']);
    expect(end).toMatchObject({ succeeded: 2, refused: [{ id: 1, became: 'conflict' }] });
  });

  it('stop where somebody says so', async () => {
    const stop = new AbortController();
    const act = vi.fn(async (chunk: number[]) => {
      stop.abort();
      return became(chunk);
    });
    await expect(
      actOn(ids, { act, signal: stop.signal, onProgress: () => undefined }),
    ).rejects.toThrow();
    expect(act).toHaveBeenCalledOnce();
  });
});

describe('what is offered', () => {
  it('is what the role may do, and what fits the state', () => {
    const viewer = { isOperator: false, isAdmin: false };
    const operator = { isOperator: true, isAdmin: false };
    const admin = { isOperator: true, isAdmin: true };
    expect(actionsFor({ ...viewer, deleted: false })).toEqual([]);
    expect(actionsFor({ ...operator, deleted: true })).toEqual([]);
    expect(actionsFor({ ...admin, deleted: true })).toEqual(['restore']);
    const event = { status: 'failed', deleted_at: null } as never;
    expect(actionsOn(event, viewer)).toEqual([]);
    expect(actionsOn(event, operator)).toEqual(['acknowledge', 'reopen']);
    expect(actionsOn(event, admin)).toEqual(['acknowledge', 'reopen', 'delete']);
  });

  it('is to see to what nobody sees to, as long as there is something to see to', () => {
    const operator = { isOperator: true, isAdmin: false };
    const offered = (event: object) => actionsOn({ deleted_at: null, ...event } as never, operator);
    expect(offered({ status: 'new', acknowledged_at: null })).toContain('acknowledge');
    expect(offered({ status: 'failed', acknowledged_at: '2026-11-22T01:00:00Z' })).not.toContain(
      'acknowledge',
    );
    expect(offered({ status: 'resolved', acknowledged_at: null })).not.toContain('acknowledge');
  });
});

describe('the timeline', () => {
  const event = {
    received_at: '2026-11-22T01:00:00Z',
    resolved_at: '2026-11-22T01:00:30Z',
    event_source: 'aws',
    event_type: 'down',
    alarm_name: '',
    status: 'resolved',
    outcome: 'fixed',
  };
  const decision = (id: number, verdict: string, at: string) => ({
    id,
    verdict,
    subject: 'guard',
    words: 'why',
    decided_at: at,
  });
  const history = {
    event,
    occurrences: [
      { id: 1, received_at: '2026-11-22T01:00:00Z', recovery: false },
      { id: 2, received_at: '2026-11-22T01:00:05Z', recovery: false },
      { id: 3, received_at: '2026-11-22T01:00:10Z', recovery: false },
    ],
    decisions: [
      decision(1, 'cooldown', '2026-11-22T01:00:02Z'),
      decision(2, 'allowed', '2026-11-22T01:00:01Z'),
    ],
    approvals: [],
    advice: null,
    executions: [],
    notices: [],
  };

  it('is in the order in which it happened', () => {
    expect(timelineOf(history as never).map((entry) => entry.id)).toEqual([
      'alarm',
      'decision-2',
      'decision-1',
      'occurrence-2',
      'occurrence-3',
      'end',
    ]);
  });

  it('folds what the machinery does, and all repeats but the last', () => {
    const noise = timelineOf(history as never).filter((entry) => entry.noise);
    expect(noise.map((entry) => entry.id)).toEqual(['decision-2', 'occurrence-2']);
  });

  it('tells who was told, and folds what told nobody anything new unless a way failed', () => {
    const refused = { way: 'slack', ok: false, code: 'not_in_channel' };
    const updated = { way: 'slack', ok: true, code: 'updated' };
    const notice = (id: number, status: string, receipts: object[]) => ({
      id,
      status,
      receipts,
      channel: 'ops',
      state: 'opened',
      event_id: 5,
      created_at: '2026-11-22T01:00:00Z',
      ended_at: `2026-11-22T01:00:0${id}Z`,
    });
    const told = timelineOf({
      ...history,
      notices: [
        notice(3, 'sent', [refused, { way: 'email', ok: true, code: 'posted' }]),
        notice(4, 'sent', [updated]),
        notice(5, 'merged', []),
        notice(6, 'sent', [refused, updated]),
      ],
    } as never).filter((entry) => entry.lane === 'notice');
    expect(told.map(({ id, noise }) => [id, noise])).toEqual([
      ['notice-3', false],
      ['notice-4', true],
      ['notice-5', true],
      ['notice-6', false],
    ]);
    expect(told[0]).toMatchObject({
      at: '2026-11-22T01:00:03Z',
      to: '/notices?event_id=5&id=3',
      hops: [
        { way: 'slack', ok: false },
        { way: 'email', ok: true },
      ],
    });
  });
});

describe('a notice', () => {
  const wait = { way: 'slack', ok: false, code: 'ratelimited' };

  it('that a way puts off again and again is told as one hop', () => {
    const posted = { way: 'slack', ok: true, code: 'posted' };
    expect(hopsOf([wait, wait, { ...wait, code: 'timeout' }, wait, posted])).toEqual([
      { ...wait, times: 2 },
      { ...wait, code: 'timeout', times: 1 },
      { ...wait, times: 1 },
      { ...posted, times: 1 },
    ]);
    expect(hopsOf([])).toEqual([]);
  });

  it('that only the log has taken is no good news', () => {
    const logged = { way: 'log', ok: true, code: 'posted' };
    expect([lookOf(logged), answerOf(logged)]).toEqual(['warning', 'logged']);
    expect([lookOf(wait), answerOf(wait)]).toEqual(['error', 'ratelimited']);
    expect(lookOf({ way: 'sns', ok: true })).toBe('success');
    expect(answerOf({ way: 'sns', ok: true, code: 'posted' })).toBe('posted');
  });

  it('leads to what it is about, where that has a page', () => {
    expect(aboutOf('event:12')).toEqual({ kind: 'event', id: '12', to: '/events/12' });
    expect(aboutOf('halt:4').to).toBe('/halts');
    expect(aboutOf('storm:7')).toEqual({ kind: 'storm', id: '7' });
    expect(aboutOf('digest:quiet:2026-11-22T01:00:00Z').kind).toBe('digest_quiet');
    expect(aboutOf('digest:daily:2026-11-22').kind).toBe('digest_daily');
    expect(aboutOf('event:../users')).toEqual({ kind: 'event', id: '../users' });
    expect(aboutOf('constructor:1')).toEqual({ kind: '', id: 'constructor:1' });
  });
});

describe('output by the piece', () => {
  const whole = new TextEncoder().encode('한국어 logs');

  it('begins with a whole character wherever it was cut', () => {
    for (let from = 0; from < whole.length; from += 1) {
      const held = aligned({ start: from, size: whole.length, bytes: whole.subarray(from) });
      expect(readable(held.bytes)).not.toContain('\ufffd');
    }
    expect(cutFront(whole)).toBe(0);
  });

  it('is the whole again when the piece before is put in front', () => {
    const later = aligned({ start: 4, size: whole.length, bytes: whole.subarray(4) });
    expect(rangeBefore(later)).toBe(`bytes=0-${later.start - 1}`);
    const earlier = { start: 0, size: whole.length, bytes: whole.subarray(0, later.start) };
    expect(readable(joined(earlier, later).bytes)).toBe('한국어 logs');
    expect(rangeBefore(joined(earlier, later))).toBeNull();
  });

  it('shows neither colours nor links of terminals, and what hides in a line', () => {
    const text = '\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 a\u202eb\r\nnext';
    expect(readable(new TextEncoder().encode(text))).toBe('red link a<U+202E>b\nnext');
  });

  it('knows where it is, also where the server sent all of it', () => {
    expect(readRange('bytes 5-9/120', 5)).toEqual({ start: 5, size: 120 });
    expect(readRange(null, 7)).toEqual({ start: 0, size: 7 });
  });
});

describe('approvals', () => {
  it('read what the minion says, and nothing of another shape', () => {
    const text =
      '{"verdict":"previewed","output":"x","changes":{"a":1,"b":"<"},"service_up":false}';
    expect(readPreview(text)).toMatchObject({ changes: { a: 1 }, serviceUp: false });
    expect(readPreview('{')).toBeNull();
    expect(readPreview('null')).toBeNull();
    expect(readPreview(null)).toBeNull();
  });

  it('are walked with the ends held', () => {
    expect(neighbour([3, 5, 8], 5, 1)).toBe(8);
    expect(neighbour([3, 5, 8], 8, 1)).toBe(8);
    expect(neighbour([3, 5, 8], 3, -1)).toBe(3);
    expect(neighbour([3, 5, 8], 99, 1)).toBe(3);
    expect(neighbour([], undefined, 1)).toBeUndefined();
  });
});

describe('changes of what is kept in versions', () => {
  it('are only what differs', () => {
    expect(changesBetween({ a: 1, b: 'x' }, { a: 1, b: 'y' })).toEqual({ b: 'y' });
  });

  it('clash where both sides changed the same to something else', () => {
    const found = clashes({ a: 1, b: 1, c: 1 }, { a: 2, b: 2, c: 1 }, { a: 3, b: 1, c: 1 });
    expect(found.map((one) => [one.name, one.both])).toEqual([
      ['a', true],
      ['b', false],
    ]);
  });
});
