/** Times on the screen, in the zone that the person has chosen. */
import { useSyncExternalStore } from 'react';
import { usePreferences } from '@/app/preferences';
import { absolute, duration, relative } from './time';

export function Time({ at }: { at: string | null }) {
  const { zone } = usePreferences();
  if (!at) return <>–</>;
  const other = absolute(at, zone === 'utc' ? 'local' : 'utc');
  return (
    <time dateTime={at} title={other} className="time">
      {absolute(at, zone)}
    </time>
  );
}

// One beat for all labels on the screen.
const BEAT_MS = 5_000;
let now = Date.now();
const listeners = new Set<() => void>();
let beat: ReturnType<typeof setInterval> | undefined;

function follow(listener: () => void): () => void {
  if (!listeners.size) now = Date.now();
  listeners.add(listener);
  beat ??= setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, BEAT_MS);
  return () => {
    listeners.delete(listener);
    if (!listeners.size) {
      clearInterval(beat);
      beat = undefined;
    }
  };
}

export function useNow(): number {
  return useSyncExternalStore(follow, () => now);
}

/** How long ago; the exact time is one hover or one focus away. */
export function Recent({ at }: { at: string | null }) {
  const { zone, language } = usePreferences();
  const current = useNow();
  if (!at) return <>–</>;
  return (
    <time dateTime={at} title={absolute(at, zone)}>
      {relative(at, current, language)}
    </time>
  );
}

export function Took({ seconds }: { seconds: number | null }) {
  const { language } = usePreferences();
  return <>{seconds === null ? '–' : duration(seconds, language)}</>;
}
