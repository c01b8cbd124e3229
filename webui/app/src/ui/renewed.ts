/**
 * After an upgrade the parts of a page that was loaded before are gone: the page is loaded anew, once.
 *
 * If that does not help it is said, with a button: a page that reloads for ever helps nobody.
 */
import { Problem, Renewed } from '@/api/problems';

const MARK = 'rescue.renewed';
// A tab may live through several upgrades, but a reload that did not help is not repeated.
const AGAIN_MS = 60_000;

export interface Place {
  reload: () => void;
  isOnline: () => boolean;
  store: Pick<Storage, 'getItem' | 'setItem'>;
  now: () => number;
}

const HERE: Place = {
  reload: () => location.reload(),
  isOnline: () => navigator.onLine,
  store: {
    getItem: (key) => sessionStorage.getItem(key),
    setItem: (key, value) => sessionStorage.setItem(key, value),
  },
  now: () => Date.now(),
};

/** Load the page anew where a part is gone; the address stays, so people are back where they were. */
export function followRenewals(target: EventTarget = window, place: Place = HERE): void {
  target.addEventListener('vite:preloadError', (event) => {
    if (!place.isOnline() || !mayReload(place)) return;
    // What has asked for the part gets nothing, and `part` waits for the page to go.
    event.preventDefault();
    place.reload();
  });
}

/** Without a memory it could be for ever, so then it is not done at all. */
function mayReload({ store, now }: Place): boolean {
  try {
    const before = Number(store.getItem(MARK) ?? '0');
    if (now() - before < AGAIN_MS) return false;
    store.setItem(MARK, String(now()));
    return true;
  } catch {
    return false;
  }
}

/** A part of the page; one that cannot be had says whether the network or an upgrade is the reason. */
export async function part<T>(load: () => Promise<T>, place: Place = HERE): Promise<T> {
  let found: T | undefined;
  try {
    found = await load();
  } catch {
    throw place.isOnline() ? new Renewed() : new Problem({ status: 0, code: 'offline' });
  }
  return found ?? new Promise<T>(() => undefined);
}
