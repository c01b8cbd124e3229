import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { queries, touch } from '@/live/current';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

// The API keeps its overview for three seconds, and one of two who ask together is given the old one.
it.each([0, 1_000, 3_000, 3_400, 3_700, 6_800, 7_200])(
  'asks for the overview twice when it cannot be older than the latest change, %i ms after another',
  (later) => {
    const asked: number[] = [];
    vi.spyOn(queries, 'invalidateQueries').mockImplementation((filters) => {
      if (filters?.queryKey?.[0] === 'dashboard') asked.push(Date.now());
      return Promise.resolve();
    });
    touch('events');
    vi.advanceTimersByTime(later);
    touch('events');
    const changed = Date.now();
    vi.advanceTimersByTime(60_000);
    expect(asked.filter((at) => at > changed + 3_000).length).toBeGreaterThanOrEqual(2);
    expect(asked.length).toBeLessThan(8);
  },
);
