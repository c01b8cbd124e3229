/** A date and a time as somebody types them, in the zone that the page shows. */
import type { Zone } from '@/app/preferences';

export interface Typed {
  date: string;
  time: string;
}

const two = (n: number) => String(n).padStart(2, '0');

export function inZone(at: Date, zone: Zone): Typed {
  if (zone === 'utc') {
    const iso = at.toISOString();
    return { date: iso.slice(0, 10), time: iso.slice(11, 16) };
  }
  return {
    date: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    time: `${two(at.getHours())}:${two(at.getMinutes())}`,
  };
}

/** As the API takes it; a time that is none is sent as it is, for the API to say what is wrong. */
export function momentOf({ date, time }: Typed, zone: Zone): string {
  const text = `${date}T${time || '00:00'}:00${zone === 'utc' ? 'Z' : ''}`;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}
