/** What a person writes in place of what waits: read, compared, checked before it is sent. */
import type { ApprovalWhole } from '@/api/client';

export type Arguments = Readonly<Record<string, unknown>>;
type Pinned = ApprovalWhole['fix'];

/** What can be edited of what is pinned. */
export interface Solution {
  kind: string;
  solution: string;
  arguments: string;
}

export function solutionOf(fix: Pinned): Solution {
  const { kind, solution, arguments: given } = fix ?? {};
  return {
    kind: typeof kind === 'string' ? kind : '',
    solution: typeof solution === 'string' ? solution : '',
    arguments: JSON.stringify(given ?? {}, null, 2),
  };
}

/** Names and values out of what was typed; null where it is nothing of the kind. */
export function readArguments(text: string): Arguments | null {
  if (!text.trim()) return {};
  try {
    const found: unknown = JSON.parse(text);
    const isNames = typeof found === 'object' && found !== null && !Array.isArray(found);
    return isNames ? (found as Arguments) : null;
  } catch {
    return null;
  }
}

/** One text for a comparison; arguments below the solution where there are any. */
export function asText(one: Solution): string {
  const given = readArguments(one.arguments);
  const empty = given !== null && !Object.keys(given).length;
  if (empty) return one.solution;
  return `${one.solution.replace(/\n$/, '')}\n\n# arguments\n${one.arguments}\n`;
}

/** What is sent; arguments only if somebody has touched them. */
export function wantedOf(before: Solution, after: Solution) {
  const given = readArguments(after.arguments);
  const same = JSON.stringify(given) === JSON.stringify(readArguments(before.arguments));
  return { solution: after.solution, ...(same || !given ? {} : { arguments: given }) };
}

export function isChanged(before: Solution, after: Solution): boolean {
  const wanted = wantedOf(before, after);
  return wanted.solution !== before.solution || 'arguments' in wanted;
}
