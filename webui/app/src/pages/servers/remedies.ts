/** What helped on a server. */
import type { Remedy } from '@/api/client';

type Counts = Pick<Remedy, 'helped' | 'runs'>;

export function helpOf({ helped, runs }: Counts): 'always' | 'sometimes' | 'never' {
  if (helped === 0) return 'never';
  return helped >= runs ? 'always' : 'sometimes';
}

/** What fixed it most often comes first; of the same, what did so last. */
export function bestFirst(rows: readonly Remedy[]): readonly Remedy[] {
  const when = (row: Remedy) => (row.last_at ? Date.parse(row.last_at) : 0);
  return rows.toSorted((a, b) => b.helped - a.helped || when(b) - when(a));
}
