/** What is wrong with a text stands on its line; what stands behind a bar of a replay. */
import { describe, expect, it } from 'vitest';
import type { Replayed } from '@/api/client';
import { problemsByField } from '@/pages/kept/kept';
import { barsOf, countBehind, rowsBehind } from '@/pages/runbooks/behind';
import { complaintsOf } from '@/ui/editor/complaints';

describe('what is wrong with a text', () => {
  it.each([
    ['line 3: is not YAML', 3],
    ['is not what sh understands: line 12: Syntax error', 12],
    ['must not be empty', 1],
    ['an outline 7 is no line', 1],
  ])('%s is on line %i', (message, line) => {
    expect(complaintsOf(message)).toEqual([{ line, message }]);
  });
  it('may be on many lines', () => {
    expect(complaintsOf('line 2: a\nline 9: b').map((one) => one.line)).toEqual([2, 9]);
  });
  it('is nothing where nothing is said', () => {
    expect(complaintsOf(undefined)).toEqual([]);
    expect(complaintsOf('')).toEqual([]);
  });
  it('is kept whole, also where a field has more than one problem', () => {
    const found = problemsByField([
      { field: 'solution_script', message: 'line 1: a' },
      { field: 'title', message: 'must not be empty' },
      { field: 'solution_script', message: 'line 2: b' },
    ]);
    expect(found).toEqual({ solution_script: 'line 1: a\nline 2: b', title: 'must not be empty' });
  });
});

describe('a replay', () => {
  const row = (replayed: number, was: string, would: string, changed: boolean) =>
    ({ replayed, was, would, changed }) as Replayed;
  const rows = [
    row(1, 'fixed', 'run', true),
    row(2, 'no_runbook', 'held: cooldown', true),
    row(3, 'fixed', 'run', false),
  ];
  const counts = {
    events: 2000,
    changed: 2,
    was: { fixed: 1999, no_runbook: 1 },
    would: { run: 1999, 'held: cooldown': 1 },
  };
  const behind = (bar: Parameters<typeof rowsBehind>[1]) =>
    rowsBehind(rows, bar).map((one) => one.replayed);
  it('lists what would go another way, and what stands behind each bar', () => {
    expect(behind('changed')).toEqual([1, 2]);
    expect(behind('was:fixed')).toEqual([1, 3]);
    expect(behind('would:held: cooldown')).toEqual([2]);
    expect(behind('would:fixed')).toEqual([]);
  });
  it('counts all events, also those that are too many to be listed', () => {
    expect(countBehind(counts, 'was:fixed')).toBe(1999);
    expect(countBehind(counts, 'changed')).toBe(2);
    expect(countBehind(counts, 'would:held: cooldown')).toBe(1);
  });
  it('has a bar for each way', () => {
    expect(barsOf(counts)).toEqual([
      'changed',
      'would:run',
      'would:held: cooldown',
      'was:fixed',
      'was:no_runbook',
    ]);
  });
});
