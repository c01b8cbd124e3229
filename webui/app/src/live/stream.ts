/**
 * Live: follows which topics have changed, so that their queries are asked again at once.
 *
 * Invariant: it only makes things faster. Where it is full, broken or paused, polling shows the same.
 */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { createStore, type Store } from '@/ui/store';

export type LiveState = 'connecting' | 'live' | 'polling' | 'paused';

export interface Outside {
  open: (lastId: string, signal: AbortSignal) => Promise<Response>;
  onTopic: (topic: string) => void;
  /** Resolves after so many milliseconds, or at once when the signal aborts. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
  chance?: () => number;
}

export interface Live {
  store: Store<LiveState>;
  start(): void;
  stop(): void;
  pause(): void;
}

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const FULL_MS = 60_000;

/** How long to wait after so many failures in a row; not all browsers come back at once. */
export function backoff(failures: number, chance: number): number {
  const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return most / 2 + (most / 2) * chance;
}

export function createLive(outside: Outside): Live {
  const store = createStore<LiveState>('connecting');
  let running: AbortController | null = null;
  let lastId = '';

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    const events = body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream())
      .getReader();
    for (;;) {
      const { done, value } = await events.read();
      if (done) return;
      if (value.id) lastId = value.id;
      if (value.event === 'changed') outside.onTopic(value.data);
    }
  }

  /** One connection from begin to end; says how long to wait before the next one. */
  async function once(failures: number, signal: AbortSignal): Promise<number> {
    const answer = await outside.open(lastId, signal);
    if (answer.ok && answer.body) {
      store.set('live');
      await read(answer.body);
      return 0;
    }
    store.set('polling');
    const asked = Number(answer.headers.get('Retry-After')) * 1_000;
    const least = answer.status === 503 ? Math.max(asked, FULL_MS / 2) : asked;
    return Math.max(least, backoff(failures, (outside.chance ?? Math.random)()));
  }

  async function follow(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let wait: number;
      try {
        wait = await once(failures, signal);
      } catch {
        wait = backoff(failures, (outside.chance ?? Math.random)());
      }
      if (signal.aborted) return;
      failures = wait ? failures + 1 : 0;
      if (wait) store.set('polling');
      // Streams end by themselves now and then; the next one begins without any delay to see.
      await outside.wait(wait || 100, signal);
    }
  }

  function end(): void {
    running?.abort();
    running = null;
  }

  return {
    store,
    start() {
      end();
      running = new AbortController();
      store.set('connecting');
      void follow(running.signal);
    },
    stop: end,
    pause() {
      end();
      store.set('paused');
    },
  };
}
