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

export interface Changed {
  name: string;
  diff: string;
}

/** The differences of files within the output of a state run, each with the id of its state. */
export function diffsIn(output: string): readonly Changed[] {
  const found: Changed[] = [];
  let name = '';
  const lines = output.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    name = /^\s*ID: (.*)$/.exec(line)?.[1] ?? name;
    if (!/^\s+diff:\s*$/.test(line)) continue;
    const inner = indentOf(line);
    const diff: string[] = [];
    while (at + 1 < lines.length && indentOf(lines[at + 1] ?? '') > inner) {
      at += 1;
      diff.push(lines[at] ?? '');
    }
    const cut = Math.min(...diff.filter((one) => one.trim()).map(indentOf));
    found.push({ name, diff: diff.map((one) => one.slice(cut)).join('\n') });
  }
  return found.filter((one) => one.diff.trim());
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
