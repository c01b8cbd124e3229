/** The page of a server: what stands in its way, what helped, walking through its hours. */
import { describe, expect, it } from 'vitest';
import { addressOfHour, stepTo } from '@/pages/servers/hours';
import { bestFirst, helpOf } from '@/pages/servers/remedies';
import { isOn, isOpen } from '@/pages/servers/standing';

const about = { services: ['redis'], server: { server_id: 'i-1', minion_id: 'a.example' } };

describe('a target', () => {
  it.each(['*', 'service:redis', 'service:re*', 'server:i-?', 'minion:a.example'])(
    '%s is on the server',
    (target) => expect(isOn(target, about)).toBe(true),
  );
  it.each([
    'service:mysql',
    'server:i-10',
    'minion:aXexample',
    'minion:a.example.com',
    'server:',
    '',
  ])('%s is not on it', (target) => expect(isOn(target, about)).toBe(false));
  it('of a minion is not on a server without one', () => {
    const none = { ...about, server: { server_id: 'i-1', minion_id: null } };
    expect(isOn('minion:*', none)).toBe(false);
  });
});

describe('a window', () => {
  const one = {
    starts_at: '2026-11-22T10:00:00Z',
    ends_at: '2026-11-22T11:00:00Z',
    closed_at: null,
  };
  const at = (text: string) => Date.parse(`2026-11-22T${text}Z`);
  it('is open from its start until just before its end', () => {
    expect(isOpen(one, at('10:00:00'))).toBe(true);
    expect(isOpen(one, at('09:59:59'))).toBe(false);
    expect(isOpen(one, at('11:00:00'))).toBe(false);
  });
  it('is over once it was closed', () => {
    expect(isOpen({ ...one, closed_at: one.starts_at }, at('10:30:00'))).toBe(false);
  });
});

describe('the hours of a server', () => {
  it('are walked by arrows, not beyond their ends', () => {
    expect(stepTo('ArrowLeft', 23, 24)).toBe(22);
    expect(stepTo('ArrowRight', 23, 24)).toBe(23);
    expect(stepTo('ArrowLeft', 0, 24)).toBe(0);
    expect(stepTo('Home', 9, 24)).toBe(0);
    expect(stepTo('End', 9, 24)).toBe(23);
    expect(stepTo('Tab', 9, 24)).toBeNull();
  });
  it('lead to the events of that server in that hour', () => {
    const found = new URLSearchParams(addressOfHour('i-1', '2026-11-22T10:00:00Z').split('?')[1]);
    expect(Object.fromEntries(found)).toEqual({
      server_id: 'i-1',
      since: '2026-11-22T10:00:00.000Z',
      until: '2026-11-22T11:00:00.000Z',
    });
  });
});

describe('what helped', () => {
  const row = (solution_name: string, helped: number, runs: number, last_at: string | null) => ({
    solution_name,
    helped,
    runs,
    last_at,
  });
  it('is ordered by how often, then by when last', () => {
    const rows = [
      row('never', 0, 9, '2026-11-22T10:00:00Z'),
      row('older', 3, 3, '2026-11-20T10:00:00Z'),
      row('newer', 3, 4, '2026-11-21T10:00:00Z'),
      row('no end', 3, 4, null),
    ];
    const names = bestFirst(rows).map((one) => one.solution_name);
    expect(names).toEqual(['newer', 'older', 'no end', 'never']);
  });
  it('is told apart from what never did', () => {
    expect(helpOf({ helped: 0, runs: 2 })).toBe('never');
    expect(helpOf({ helped: 1, runs: 2 })).toBe('sometimes');
    expect(helpOf({ helped: 2, runs: 2 })).toBe('always');
  });
});
