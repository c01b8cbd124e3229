/** Times as people must be able to compare them: absolute, with their zone; relative only for recency. */
import type { Zone } from '@/app/preferences';

type Parts = Partial<Record<Intl.DateTimeFormatPartTypes, string>>;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string | undefined): Intl.DateTimeFormat {
  const key = timeZone ?? '';
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'shortOffset',
    timeZone,
  });
  formats.set(key, made);
  return made;
}

function partsOf(at: Date, zone: Zone): Parts {
  const found: Parts = {};
  for (const part of formatOf(zone === 'utc' ? 'UTC' : undefined).formatToParts(at)) {
    found[part.type] = part.value;
  }
  return found;
}

/** Engines call it GMT+9, GMT or UTC+0. */
function offset(parts: Parts): string {
  return (parts.timeZoneName ?? '').replace('GMT', 'UTC').replace(/\+0$/, '');
}

/** `UTC+9`, or `UTC`. */
export function zoneName(zone: Zone, at = new Date()): string {
  return offset(partsOf(at, zone));
}

/** `2026-11-22 10:04:40 UTC+9` in all languages: it sorts, and nobody takes the day for the month. */
export function absolute(iso: string, zone: Zone): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const p = partsOf(at, zone);
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second} ${offset(p)}`;
}

/** `10:04:40`, where the day and the zone are said beside it. */
export function clockTime(at: Date, zone: Zone): string {
  const p = partsOf(at, zone);
  return `${p.hour}:${p.minute}:${p.second}`;
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** How long ago, or how soon. */
export function relative(iso: string, now: number, language: string): string {
  const seconds = Math.round((new Date(iso).getTime() - now) / 1_000);
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  return words.format(Math.trunc(seconds / size), unit);
}

function unit(value: number, name: string, language: string, digits = 0): string {
  const style = { style: 'unit', unit: name, unitDisplay: 'short' } as const;
  return new Intl.NumberFormat(language, { ...style, maximumFractionDigits: digits }).format(value);
}

/** `850 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`: two parts say enough. */
export function duration(seconds: number, language: string): string {
  if (seconds < 1) return unit(Math.round(seconds * 1_000), 'millisecond', language);
  if (seconds < 10) return unit(seconds, 'second', language, 1);
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'day'],
    [Math.floor(whole / 3_600) % 24, 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value], place) => value > 0 || place === 0)
    .map(([value, name]) => unit(value, name, language))
    .join(' ');
}

export function secondsBetween(from: string | null, until: string | null): number | null {
  if (!from || !until) return null;
  return Math.max(0, (new Date(until).getTime() - new Date(from).getTime()) / 1_000);
}
