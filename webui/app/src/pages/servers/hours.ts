/** Walking through the hours of a server, and where an hour leads. */
import { writeAddress } from '@/ui/filter';

const HOUR_MS = 3_600_000;

/** The place that a key leads to, or null for a key that means nothing here. */
export function stepTo(key: string, from: number, count: number): number | null {
  const last = count - 1;
  if (key === 'ArrowRight' || key === 'ArrowDown') return Math.min(from + 1, last);
  if (key === 'ArrowLeft' || key === 'ArrowUp') return Math.max(from - 1, 0);
  if (key === 'Home') return 0;
  return key === 'End' ? last : null;
}

/** The events of one server in the hour that begins then. */
export function addressOfHour(server: string, hour: string): string {
  const since = new Date(hour);
  const until = new Date(since.getTime() + HOUR_MS);
  return `/events${writeAddress({
    server_id: server,
    since: since.toISOString(),
    until: until.toISOString(),
  })}`;
}
