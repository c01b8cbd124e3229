/** Whether the screen is too narrow for a table: there a row is a card. */
import { useSyncExternalStore } from 'react';

// Where the kit, too, begins to lay things out for a phone.
const phone = matchMedia('(max-width: 688px)');

function follow(listener: () => void): () => void {
  phone.addEventListener('change', listener);
  return () => phone.removeEventListener('change', listener);
}

export function useNarrow(): boolean {
  return useSyncExternalStore(follow, () => phone.matches);
}
