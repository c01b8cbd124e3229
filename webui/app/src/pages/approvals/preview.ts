/** What the minion said that the fix would change, when it was asked with test=True. */

export interface Preview {
  verdict: string;
  message: string;
  output: string;
  changes: Readonly<Record<string, number>>;
  serviceUp: boolean | null;
}

/** Foreign text in the shape that was agreed; null where it is of no such shape. */
export function readPreview(text: string | null): Preview | null {
  if (!text) return null;
  try {
    const found = JSON.parse(text) as Record<string, unknown>;
    if (typeof found !== 'object' || found === null) return null;
    return {
      verdict: String(found.verdict ?? ''),
      message: String(found.message ?? ''),
      output: String(found.output ?? ''),
      changes: numbersIn(found.changes),
      serviceUp: typeof found.service_up === 'boolean' ? found.service_up : null,
    };
  } catch {
    return null;
  }
}

function numbersIn(value: unknown): Record<string, number> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((pair): pair is [string, number] => Number.isFinite(pair[1])),
  );
}

/** The row to go to from this one; the ends of the list hold. */
export function neighbour(ids: readonly number[], current: number | undefined, step: number) {
  const at = ids.indexOf(current ?? -1);
  if (at < 0) return ids[0];
  return ids[Math.min(ids.length - 1, Math.max(0, at + step))];
}
