/** The split panel at the foot of the page: a page puts something in, the shell shows it. */
import { useEffect, useEffectEvent, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { createStore, useStore } from '@/ui/store';

interface Panel {
  header: string;
  close: () => void;
}

export const panel = createStore<Panel | null>(null);
/** Where in the shell the panel's content goes. */
export const panelPlace = createStore<HTMLElement | null>(null);

interface Props {
  header: string;
  onClose: () => void;
  children: ReactNode;
}

export function Aside({ header, onClose, children }: Props) {
  const place = useStore(panelPlace);
  const close = useEffectEvent(onClose);
  useFocus(place);
  useEffect(() => {
    panel.set({ header, close: () => close() });
    return () => panel.set(null);
  }, [header]);
  return place && createPortal(children, place);
}

/** The panel is at the end of the page: whoever opens it goes there, and back when it closes. */
function useFocus(place: HTMLElement | null): void {
  useEffect(() => {
    if (!place) return undefined;
    const before = document.activeElement;
    // Nobody has opened it who comes by an address that has it open, and is in the top bar by now.
    if (!(before instanceof HTMLElement) || !before.closest('main')) return undefined;
    place.focus({ preventScroll: true });
    return () => {
      if (before.isConnected) before.focus({ preventScroll: true });
    };
  }, [place]);
}
