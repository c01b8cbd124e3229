/** One thing that is kept in versions: as it was seen, as it is being written, as it is saved. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { fieldErrors, Problem } from '@/api/problems';
import { queries, touch } from '@/live/current';
import { changesBetween, problemsByField, type Kept, type Row, type Seen } from './kept';

const CHECK_MS = 400;

export function useSeen<R extends Row, F extends object>(kept: Kept<R, F>, id: number | null) {
  return useQuery({
    queryKey: [kept.topic, 'one', id],
    enabled: id !== null,
    queryFn: async (): Promise<Seen<R>> => {
      const { data, response } = await kept.get(id ?? 0);
      return { row: data, tag: response.headers.get('ETag') ?? '' };
    },
  });
}

/** What is wrong with the fields, by the server, while they are being written. */
export function useChecked<R extends Row, F extends object>(
  kept: Kept<R, F>,
  fields: F,
  written: boolean,
) {
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const text = JSON.stringify(fields);
  useEffect(() => {
    if (!written) return undefined;
    let wanted = true;
    const timer = setTimeout(() => {
      void kept
        .check(JSON.parse(text) as F)
        .then(({ data }) => {
          if (wanted) setProblems(problemsByField(data.problems));
        })
        // What is no field of the right shape is refused as a whole; it says which all the same.
        .catch((error: unknown) => wanted && setProblems(fieldErrors(error)));
    }, CHECK_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [kept, text, written]);
  return problems;
}

export interface Writing<F> {
  fields: F;
  set: (change: Partial<F>) => void;
  dirty: boolean;
}

/** `began` is the version that the person began with; it stays while others change theirs. */
export function useWriting<R extends Row, F extends object>(
  kept: Kept<R, F>,
  seen: Seen<R> | null,
) {
  const [began, setBegan] = useState(seen);
  const [mine, setMine] = useState<Partial<F>>({});
  const base = began ? kept.fieldsOf(began.row) : kept.empty;
  const fields = { ...base, ...mine };
  const changes = changesBetween(base, fields);
  const dirty = Object.keys(changes).length > 0;
  // Nothing was written yet: what is shown is what is there now.
  const current = dirty ? began : seen;
  if (!dirty && seen && seen !== began) setBegan(seen);

  async function save(): Promise<{ id: number } | { clash: Seen<R> }> {
    if (!current) return { id: (await kept.create(fields)).data.id };
    const { id } = current.row;
    try {
      const { data, response } = await kept.update(id, current.tag, changes);
      const saved = { row: data, tag: response.headers.get('ETag') ?? '' };
      queries.setQueryData([kept.topic, 'one', id], saved);
      setBegan(saved);
      setMine({});
      touch(kept.topic);
      return { id };
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'outdated')) throw error;
      const { data, response } = await kept.get(id);
      return { clash: { row: data, tag: response.headers.get('ETag') ?? '' } };
    }
  }

  return {
    fields,
    base,
    dirty,
    set: (change: Partial<F>) => setMine({ ...mine, ...change }),
    drop: () => setMine({}),
    save,
    /** Go on from somebody else's version: with one's own changes on top, or without them. */
    goOnFrom(theirs: Seen<R>, keepMine: boolean) {
      const own = keepMine ? changes : {};
      setBegan(theirs);
      setMine(own);
      queries.setQueryData([kept.topic, 'one', theirs.row.id], theirs);
    },
  };
}
