/** What the model has cost, day by day: a day is 24 hours back from now, as the budget counts them. */
import type { AdviceUsage } from '@/api/client';

export const DAYS = 7;

/** One 24-hour span: `ago` is 0 for the last 24 hours. Costs are millionths of a US dollar. */
export interface Day {
  ago: number;
  micros: Readonly<Record<string, number>>;
  calls: number;
}

/** `since[n]` is what was used by each model since n + 1 days ago; each holds those before it. */
export function daysOf(since: readonly (readonly AdviceUsage[])[]): readonly Day[] {
  return since.map((usage, ago) => {
    const less = since[ago - 1] ?? [];
    const before = new Map(less.map((one) => [one.model_id, one]));
    // Between two questions a call may have come in, so that a day looks like less than nothing.
    const own = (whole: number, part: number | undefined) => Math.max(0, whole - (part ?? 0));
    const spent = usage.map(
      (one) => [one.model_id, own(one.cost_micros, before.get(one.model_id)?.cost_micros)] as const,
    );
    const calls = usage.map((one) => own(one.calls, before.get(one.model_id)?.calls));
    return {
      ago,
      micros: Object.fromEntries(spent.filter(([, micros]) => micros > 0)),
      calls: calls.reduce((sum, n) => sum + n, 0),
    };
  });
}

/** All models of these days, those that cost most first. */
export function modelsOf(days: readonly Day[]): readonly string[] {
  const sums = new Map<string, number>();
  for (const day of days) {
    for (const [model, micros] of Object.entries(day.micros)) {
      sums.set(model, (sums.get(model) ?? 0) + micros);
    }
  }
  return [...sums].toSorted((a, b) => b[1] - a[1]).map(([model]) => model);
}
