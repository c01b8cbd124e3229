/** Advice: reading what was written elsewhere, and what it has cost by day. */
import { describe, expect, it } from 'vitest';
import type { AdviceUsage } from '@/api/client';
import { indented, readAnswer, readQuestion } from '@/pages/advice/answer';
import { daysOf, modelsOf } from '@/pages/advice/usage';

describe('an answer', () => {
  it('is told in words, its text apart from its facts', () => {
    const found = readAnswer(
      JSON.stringify({
        diagnosis: 'The disk is full.',
        confidence: 'high',
        evidence: [{ id: 'E1', quote: 'No space left' }],
        action: {
          kind: 'draft_runbook',
          title: 'Free it',
          solution_kind: 'shell',
          solution: 'rm',
          arguments: [],
        },
      }),
    );
    expect(found).toMatchObject({ kind: 'draft_runbook', solution: 'rm', solutionKind: 'shell' });
    expect(found?.facts).toEqual([
      ['title', 'Free it'],
      ['arguments', '[]'],
    ]);
    expect(found?.evidence).toEqual([{ id: 'E1', quote: 'No space left' }]);
  });
  it.each(['', 'no json', 'null', '[]', '{}', '{"diagnosis": 7}', '"text"'])(
    'that has another shape (%s) is shown as it is',
    (text) => expect(readAnswer(text)).toBeNull(),
  );
  it('survives parts of another shape', () => {
    const found = readAnswer('{"diagnosis": "x", "evidence": "none", "action": [1, 2]}');
    expect(found).toMatchObject({ diagnosis: 'x', evidence: [], kind: '', facts: [] });
  });
});

describe('a question', () => {
  it('is its message, its evidence and what may be chosen', () => {
    const found = readQuestion(
      JSON.stringify({
        event: { message: 'redis is down' },
        evidence: [{ id: 'E1', title: 'log', text: 'a\nb' }],
        runbooks: [{ id: 1, title: 'Start Redis' }],
        commands: [{ id: 2, name: 'redis-log' }],
      }),
    );
    expect(found?.message).toBe('redis is down');
    expect(found?.evidence).toEqual([{ id: 'E1', title: 'log', text: 'a\nb' }]);
    expect(found?.offered).toEqual(['Start Redis', 'redis-log']);
  });
  it('of nothing that is known is none', () => expect(readQuestion('{"a": 1}')).toBeNull());
});

it('what is no JSON stays as it is', () => {
  expect(indented('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(indented('{"a":')).toBe('{"a":');
});

describe('spending', () => {
  const use = (model_id: string, cost_micros: number, calls: number): AdviceUsage => ({
    model_id,
    cost_micros,
    calls,
    answered: calls,
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_write_tokens: 0,
    latency_ms: null,
  });
  it('of a day is what the days until then have cost less than those before', () => {
    const days = daysOf([
      [use('new', 10, 1)],
      [use('new', 10, 1), use('old', 5, 2)],
      [use('new', 17, 3), use('old', 5, 2)],
    ]);
    expect(days).toEqual([
      { ago: 0, micros: { new: 10 }, calls: 1 },
      { ago: 1, micros: { old: 5 }, calls: 2 },
      { ago: 2, micros: { new: 7 }, calls: 2 },
    ]);
    expect(modelsOf(days)).toEqual(['new', 'old']);
  });
  it('is never less than nothing, also where a call came in between two questions', () => {
    const days = daysOf([[use('m', 10, 2)], [use('m', 8, 1)]]);
    expect(days[1]).toEqual({ ago: 1, micros: {}, calls: 0 });
  });
});
