/** Keyboard shortcuts: one list of them, asked for by pages, shown by `?`. */
import { useEffect, useEffectEvent } from 'react';
import { preferences } from '@/app/preferences';
import { isComposing } from './ime';
import { createStore, useStore } from './store';

export interface Shortcut {
  keys: string;
  /** A key of the catalogue. */
  words: string;
}

interface Handler extends Shortcut {
  run: () => void;
}

const handlers = new Set<Handler>();
const listed = createStore<readonly Shortcut[]>([]);
let before = '';
let forget: ReturnType<typeof setTimeout> | undefined;

const TYPED_IN = 'input, textarea, select, [contenteditable=""], [contenteditable="true"]';

function isTyped(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TYPED_IN) !== null;
}

/** What a key press means, given the one before it: `g e` is two presses. */
export function meaning(previous: string, key: string, known: readonly string[]): string | null {
  const both = previous ? `${previous} ${key}` : key;
  return known.find((keys) => keys === both) ?? known.find((keys) => keys === key) ?? null;
}

function onKeyDown(event: KeyboardEvent): void {
  if (isComposing(event) || event.defaultPrevented || !preferences.get().shortcuts) return;
  if (event.ctrlKey || event.metaKey || event.altKey || isTyped(event.target)) return;
  // A dialog is asking something: keys are its own.
  if (document.querySelector('[role="dialog"][aria-modal="true"]:not([hidden])')) return;
  const all = [...handlers];
  const meant = meaning(
    before,
    event.key,
    all.map((one) => one.keys),
  );
  clearTimeout(forget);
  before = meant ? '' : event.key;
  forget = setTimeout(() => {
    before = '';
  }, 1_000);
  const handler = all.findLast((one) => one.keys === meant);
  if (!handler) return;
  event.preventDefault();
  handler.run();
}

export function listenForKeys(): void {
  document.addEventListener('keydown', onKeyDown);
}

export function useShortcut(keys: string, words: string, run: () => void): void {
  const current = useEffectEvent(run);
  useEffect(() => {
    const handler = { keys, words, run: () => current() };
    handlers.add(handler);
    listed.set([...handlers]);
    return () => {
      handlers.delete(handler);
      listed.set([...handlers]);
    };
  }, [keys, words]);
}

export function useShortcutList(): readonly Shortcut[] {
  return useStore(listed);
}
