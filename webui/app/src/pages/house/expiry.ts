/** How long the key of a machine is good: until a day has ended in the zone that the page shows. */
import type { Zone } from '@/app/preferences';

const DAY_MS = 86_400_000;
export const WARNED_DAYS = 7;
const USUAL_DAYS = 90;

function startOf(day: string, zone: Zone): Date {
  return new Date(`${day}T00:00:00${zone === 'utc' ? 'Z' : ''}`);
}

/** The calendar day of an instant, `2026-11-22`. */
export function dayOf(at: Date, zone: Zone): string {
  const shifted = zone === 'utc' ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 10);
}

/** When that day has ended; days are not all of 24 hours. */
export function endOf(day: string, zone: Zone): string {
  const end = startOf(day, zone);
  if (zone === 'utc') end.setUTCDate(end.getUTCDate() + 1);
  else end.setDate(end.getDate() + 1);
  return end.toISOString();
}

/** What is proposed: keys that never end are forgotten. */
export function usualDay(now: Date, zone: Zone): string {
  return dayOf(new Date(now.getTime() + USUAL_DAYS * DAY_MS), zone);
}

/** What is wrong with a last day, as a key of the catalogue. */
export function wrongDay(day: string, now: Date, zone: Zone): string | null {
  if (Number.isNaN(startOf(day, zone).getTime())) return 'key.day_missing';
  return day < dayOf(now, zone) ? 'key.day_past' : null;
}

/** How many days are left after today until the last one; less than 0 when it is over. */
export function daysLeft(expires: string, now: number, zone: Zone): number {
  const end = Date.parse(expires);
  if (end <= now) return -1;
  const last = Date.parse(dayOf(new Date(end - 1), zone));
  return Math.round((last - Date.parse(dayOf(new Date(now), zone))) / DAY_MS);
}
