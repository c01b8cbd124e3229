import { describe, expect, it } from 'vitest';
import { inZone, momentOf } from '@/pages/control/moment';
import { absolute, clockTime, duration, relative, secondsBetween, zoneName } from '@/time/time';

const AT = '2026-11-22T01:04:40.989Z';

describe('times', () => {
  it('are absolute, with their zone', () => {
    expect(absolute(AT, 'utc')).toBe('2026-11-22 01:04:40 UTC');
    expect(absolute(AT, 'local')).toBe('2026-11-22 10:04:40 UTC+9');
  });

  it('that are none are shown as they came', () => {
    expect(absolute('soon', 'utc')).toBe('soon');
  });

  it('say midnight as 00 and not as 24', () => {
    expect(clockTime(new Date('2026-11-22T15:00:00Z'), 'local')).toBe('00:00:00');
  });

  it('name their zone', () => {
    expect(zoneName('utc')).toBe('UTC');
    expect(zoneName('local')).toBe('UTC+9');
  });

  it('are relative in each language', () => {
    const now = Date.parse(AT) + 3 * 60_000;
    expect(relative(AT, now, 'en')).toBe('3 min. ago');
    expect(relative(AT, now, 'ko')).toBe('3분 전');
    expect(relative(AT, now, 'ja')).toBe('3 分前');
  });

  it('that somebody types mean the zone of the page', () => {
    expect(momentOf({ date: '2026-11-22', time: '10:04' }, 'local')).toBe(
      '2026-11-22T01:04:00.000Z',
    );
    expect(momentOf({ date: '2026-11-22', time: '10:04' }, 'utc')).toBe('2026-11-22T10:04:00.000Z');
    for (const zone of ['local', 'utc'] as const) {
      expect(momentOf(inZone(new Date('2026-11-22T01:04:00Z'), zone), zone)).toBe(
        '2026-11-22T01:04:00.000Z',
      );
    }
  });
});

describe('durations', () => {
  it.each([
    [0.25, '250 ms'],
    [4.23, '4.2 sec'],
    [65, '1 min 5 sec'],
    [3_600, '1 hr'],
    [90_061, '1 day 1 hr'],
  ])('%s seconds are %s', (seconds, words) => {
    expect(duration(seconds, 'en')).toBe(words);
  });

  it('are none where an end is missing, and never negative', () => {
    expect(secondsBetween(AT, null)).toBeNull();
    expect(secondsBetween(AT, '2026-11-22T01:04:00Z')).toBe(0);
  });
});
