/** What stands in the address of the page that is shown. */
import { useParams, useSearch } from '@tanstack/react-router';
import type { Search } from '@/ui/filter';

export function useAddress(): Search {
  return useSearch({ strict: false }) as Search;
}

/** The number in the address, or null where there is no number. */
export function useNumber(): number | null {
  const { id } = useParams({ strict: false }) as { id?: string };
  return /^[1-9]\d{0,9}$/.test(id ?? '') ? Number(id) : null;
}
