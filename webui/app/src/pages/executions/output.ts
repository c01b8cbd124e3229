/**
 * Output by the piece, the end of it first.
 *
 * Invariant: what is shown is text of whole characters: a piece that begins within one leaves its
 * rest to the piece before it.
 */

export interface Held {
  /** Where in the whole the held bytes begin, and how many there are in all. */
  start: number;
  size: number;
  bytes: Uint8Array;
}

export const PIECE = 1024 * 1024;
export const TAIL = 256 * 1024;

const CONTINUES = 0b1000_0000;
const KIND = 0b1100_0000;

/** How many bytes at the front belong to a character that began before them. */
export function cutFront(bytes: Uint8Array): number {
  let cut = 0;
  while (cut < Math.min(3, bytes.length) && ((bytes[cut] ?? 0) & KIND) === CONTINUES) cut += 1;
  return cut;
}

/** The same with whole characters only, unless it is the very beginning. */
export function aligned(held: Held): Held {
  const cut = held.start === 0 ? 0 : cutFront(held.bytes);
  return { ...held, start: held.start + cut, bytes: held.bytes.subarray(cut) };
}

export function joined(earlier: Held, later: Held): Held {
  const bytes = new Uint8Array(earlier.bytes.length + later.bytes.length);
  bytes.set(earlier.bytes);
  bytes.set(later.bytes, earlier.bytes.length);
  return { start: earlier.start, size: later.size, bytes };
}

/** The range of the piece before what is held, both ends included; null when all is there. */
export function rangeBefore(held: Held): string | null {
  if (held.start === 0) return null;
  return `bytes=${Math.max(0, held.start - PIECE)}-${held.start - 1}`;
}

export function isWhole(held: Held): boolean {
  return held.bytes.length === held.size;
}

/** `bytes 0-99/5120`, or the whole where the server sent no range. */
export function readRange(header: string | null, length: number): { start: number; size: number } {
  const found = /^bytes (\d+)-\d+\/(\d+)$/.exec(header ?? '');
  return found ? { start: Number(found[1]), size: Number(found[2]) } : { start: 0, size: length };
}

// Colours and cursor movements of terminals, links among them; the download has them all.
// eslint-disable-next-line no-control-regex
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;
// Characters that reorder or hide others could make a line read as what it is not.
const HIDING = /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** What of it people are to read. */
export function readable(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(bytes);
  return text
    .replace(ESCAPES, '')
    .replace(HIDING, (one) => `<U+${one.charCodeAt(0).toString(16).toUpperCase()}>`)
    .replace(/\r\n?/g, '\n');
}

export function sizeWords(bytes: number, language: string): string {
  const units = ['byte', 'kilobyte', 'megabyte'] as const;
  const power = bytes >= 1024 * 1024 ? 2 : bytes >= 1024 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: units[power] ?? 'byte',
    maximumFractionDigits: power ? 1 : 0,
  }).format(bytes / 1024 ** power);
}
