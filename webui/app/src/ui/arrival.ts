/** Where the keyboard is when another page comes: at its heading, unless its reader is elsewhere. */
import { useEffect, useRef } from 'react';

// What had the focus when the address changed; after that the place where nothing has it.
let from: Element | null = null;

/** To be told before each change of the path. The first page of all is not left for anything. */
export function leave(): void {
  from = document.activeElement;
}

/**
 * Whoever comes from another page begins at the heading of this one, also by ear and keyboard.
 * A page comes twice where it is read first, and whoever has opened a menu or begun to write in
 * between keeps their place.
 */
export function useArrival() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const heading = place.current?.querySelector('h1');
    const now = document.activeElement;
    if (!heading || !from || (now !== from && now !== document.body)) return;
    from = document.body;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }, []);
  return place;
}
