import { describe, expect, it } from 'vitest';
import { pollEvery, topicsOf } from '@/live/current';
import { backoff, createLive } from '@/live/stream';

function stream(text: string): Response {
  return new Response(text, { headers: { 'Content-Type': 'text/event-stream' } });
}

/** A live whose connections are answered in order; it stops itself when there are no more. */
async function followed(answers: (() => Response | Promise<Response>)[]) {
  const topics: string[] = [];
  const ids: string[] = [];
  const waits: number[] = [];
  const states: string[] = [];
  let done: () => void = () => undefined;
  const end = new Promise<void>((resolve) => (done = resolve));
  const live = createLive({
    chance: () => 1,
    onTopic: (topic) => topics.push(topic),
    wait: async (ms) => {
      waits.push(ms);
    },
    open: async (lastId) => {
      ids.push(lastId);
      const next = answers.shift();
      if (!next) {
        live.stop();
        done();
        return new Response(null, { status: 503 });
      }
      return next();
    },
  });
  live.store.subscribe(() => states.push(live.store.get()));
  live.start();
  await end;
  return { topics, ids, waits, states };
}

describe('live', () => {
  it('tells the topics and goes on behind the last one it had', async () => {
    const first = 'retry: 3000\n\nid: b-1\nevent: changed\ndata: events\n\n: alive\n\n';
    const { topics, ids, states } = await followed([() => stream(first)]);
    expect(topics).toEqual(['events']);
    expect(ids).toEqual(['', 'b-1']);
    expect(states[0]).toBe('live');
  });

  it('comes back at once when a stream has ended by itself', async () => {
    const { waits } = await followed([() => stream(': alive\n\n')]);
    expect(waits[0]).toBe(100);
  });

  it('polls while all places are taken, and asks again much later', async () => {
    const full = () => new Response('{}', { status: 503, headers: { 'Retry-After': '30' } });
    const { waits, states } = await followed([full]);
    expect(waits[0]).toBeGreaterThanOrEqual(30_000);
    expect(states).toContain('polling');
  });

  it('waits longer after each failure', async () => {
    const broken = () => Promise.reject(new TypeError('network'));
    const { waits } = await followed([broken, broken, broken]);
    expect(waits.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
  });

  it('never waits longer than half a minute', () => {
    expect(backoff(50, 1)).toBe(30_000);
    expect(backoff(50, 0)).toBe(15_000);
  });

  it('asks the dashboard again when an event has changed', () => {
    expect(topicsOf('events')).toContain('dashboard');
    expect(topicsOf('unknown')).toEqual(['unknown']);
  });

  it('polls seldom while it is live, often while it is not, and not at all while paused', () => {
    expect(pollEvery('live')).toBe(60_000);
    expect(pollEvery('polling')).toBe(10_000);
    expect(pollEvery('paused')).toBe(false);
  });
});
