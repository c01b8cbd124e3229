import { describe, expect, it } from 'vitest';
import type { Setting } from '@/api/client';
import { daysLeft, dayOf, endOf, usualDay, wrongDay } from '@/pages/house/expiry';
import { fits, lineOf, shortName } from '@/pages/house/settings';

const setting = (change: Partial<Setting> = {}): Setting => ({
  name: 'queue.wait_seconds',
  variable: 'RESCUE_QUEUE__WAIT_SECONDS',
  secret: false,
  is_set: true,
  value: 9,
  default: 20,
  source: 'environment',
  ...change,
});

describe('the expiry of a key', () => {
  const now = new Date('2026-11-22T23:30:00Z');

  it('is the end of its last day', () => {
    expect(endOf('2026-11-22', 'utc')).toBe('2026-11-23T00:00:00.000Z');
    expect(endOf('2026-12-31', 'utc')).toBe('2027-01-01T00:00:00.000Z');
    const local = new Date(endOf('2026-11-22', 'local'));
    expect([local.getDate(), local.getHours(), local.getMinutes()]).toEqual([23, 0, 0]);
  });

  it('is proposed, and not before today', () => {
    expect(usualDay(now, 'utc')).toBe('2027-02-20');
    expect(wrongDay('2026-11-22', now, 'utc')).toBeNull();
    expect(wrongDay('2026-11-21', now, 'utc')).toBe('key.day_past');
    expect(wrongDay('', now, 'utc')).toBe('key.day_missing');
    expect(wrongDay('2026-13-45', now, 'utc')).toBe('key.day_missing');
  });

  it('is so many days away, by the calendar', () => {
    const at = now.getTime();
    expect(daysLeft(endOf('2026-11-22', 'utc'), at, 'utc')).toBe(0);
    expect(daysLeft(endOf('2026-11-23', 'utc'), at, 'utc')).toBe(1);
    expect(daysLeft(endOf('2026-11-29', 'utc'), at, 'utc')).toBe(7);
    expect(daysLeft('2026-11-22T23:29:59Z', at, 'utc')).toBe(-1);
  });

  it('tells the day of the zone that the page shows', () => {
    const noon = new Date(2026, 10, 22, 12);
    expect(dayOf(noon, 'local')).toBe('2026-11-22');
    expect(daysLeft(endOf(dayOf(noon, 'local'), 'local'), noon.getTime(), 'local')).toBe(0);
  });
});

describe('settings', () => {
  it('are found by name, by variable and by value', () => {
    for (const text of ['wait_sec', 'QUEUE__WAIT', ' 9 ']) {
      expect(fits(setting(), { text, given: false })).toBe(true);
    }
    expect(fits(setting(), { text: 'nothing', given: false })).toBe(false);
    expect(fits(setting({ value: null, secret: true }), { text: '9', given: false })).toBe(false);
  });

  it('may be only those that were given', () => {
    expect(fits(setting(), { text: '', given: true })).toBe(true);
    expect(fits(setting({ source: 'default' }), { text: '', given: true })).toBe(false);
  });

  it('are written on one line', () => {
    expect(lineOf(['a', { b: 1 }])).toBe('["a",{"b":1}]');
    expect(lineOf('https://x')).toBe('https://x');
    expect(shortName('web.oidc.issuer')).toBe('oidc.issuer');
  });
});
