/** Pages of a list by cursor: the one before is known, the one after is asked for. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

export interface PageOf<Row> {
  items: Row[];
  next: string | null;
  total: number | null;
  total_is_bounded: boolean;
}

export type Ask<Row> = (
  query: Record<string, unknown>,
  signal: AbortSignal,
) => Promise<{ data: PageOf<Row> }>;

export const PAGE_ROWS = 50;

/**
 * One page at a time of the list that `ask` gives for `query`.
 *
 * `query` is a function of now, so that "the last hour" is the hour before each question.
 */
export function usePages<Row>(
  key: readonly unknown[],
  query: (now: number) => Record<string, unknown>,
  ask: Ask<Row>,
) {
  const list = JSON.stringify(key);
  const [place, setPlace] = useState({ list, cursors: [''], index: 0 });
  // Another filter is another list: it begins at its first page.
  const current = place.list === list ? place : { list, cursors: [''], index: 0 };
  const cursor = current.cursors[current.index] ?? '';
  const found = useQuery({
    queryKey: [...key, cursor],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const more = cursor ? { cursor } : {};
      return (await ask({ ...query(Date.now()), limit: PAGE_ROWS, ...more }, signal)).data;
    },
  });
  const next = found.isPlaceholderData ? null : (found.data?.next ?? null);
  const known = next
    ? current.cursors.toSpliced(current.index + 1, Infinity, next)
    : current.cursors;
  return {
    found,
    rows: found.data?.items ?? [],
    pageIndex: current.index + 1,
    pagesCount: next ? current.index + 2 : current.index + 1,
    hasMore: next !== null,
    isFirst: current.index === 0,
    go(page: number) {
      const index = Math.min(Math.max(0, page - 1), known.length - 1);
      setPlace({ list, cursors: known, index });
    },
  };
}

/** `12`, or `1,000+` where nobody has counted further. */
export function counted(page: PageOf<unknown> | undefined, language: string): string {
  if (page?.total === null || page?.total === undefined) return '';
  const number = new Intl.NumberFormat(language).format(page.total);
  return `(${number}${page.total_is_bounded ? '+' : ''})`;
}
