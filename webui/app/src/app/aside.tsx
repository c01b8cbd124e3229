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
  useEffect(() => {
    panel.set({ header, close: () => close() });
    return () => panel.set(null);
  }, [header]);
  return place && createPortal(children, place);
}
