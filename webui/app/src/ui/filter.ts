/** The filter is the address: what a list shows is a link that can be sent to somebody. */
import type { DateRangePickerProps } from '@cloudscape-design/components/date-range-picker';
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import type { Values } from '@/api/generated';

export interface Field {
  /** The name of the parameter of the API. */
  name: string;
  /** Its values, where they are a closed list. */
  values?: readonly string[];
  /** What their words are called in the catalogue. */
  kind?: string;
  /** Whether it takes one value only. */
  one?: boolean;
}

export interface Search {
  text?: string;
  since?: string;
  until?: string;
  /** A span that ends now, such as `24h`. */
  range?: string;
  sort?: string;
  deleted?: boolean;
  id?: number;
  [field: string]: string | string[] | boolean | number | undefined;
}

const RANGE = /^(\d{1,4})(m|h|d)$/;
const UNITS = { m: 'minute', h: 'hour', d: 'day' } as const;
const MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export interface Option {
  value: string;
  /** What is shown instead of it. */
  label?: string;
  /** What it is found by as well. */
  also?: readonly string[];
}

/** What the ledger has for the fields that are no closed list, by their names. */
export function optionsOf(values: Values | undefined): Readonly<Record<string, readonly Option[]>> {
  if (!values) return {};
  const plain = (found: readonly string[]) => found.map((value) => ({ value }));
  const services = plain(values.services);
  return {
    service_type: services,
    target_service: services,
    service: services,
    server_id: values.servers.map(({ server_id: value, minion_id: minion }) => ({
      value,
      also: minion && minion !== value ? [minion] : [],
    })),
    event_type: plain(values.event_types),
    event_source: plain(values.event_sources),
    alarm_name: plain(values.alarm_names),
    runbook_id: values.runbooks.map(({ id, title }) => ({ value: String(id), label: title })),
  };
}

/** `?severity=fatal&severity=critical`, as the API takes it. */
export function parseAddress(address: string): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(address)) {
    const before = found[name];
    found[name] = before === undefined ? value : [...[before].flat(), value];
  }
  return found;
}

export function writeAddress(search: object): string {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === false || value === '') continue;
    for (const one of [value].flat()) found.append(name, String(one));
  }
  const text = found.toString();
  return text ? `?${text}` : '';
}

/** What of an address is a filter of a list with these fields; everything else is let go. */
export function searchOf(raw: Record<string, unknown>, fields: readonly Field[]): Search {
  const found: Search = {};
  for (const name of ['text', 'since', 'until', 'sort'] as const) {
    if (typeof raw[name] === 'string' && raw[name]) found[name] = raw[name];
  }
  if (typeof raw.range === 'string' && RANGE.test(raw.range)) found.range = raw.range;
  if (raw.deleted === 'true' || raw.deleted === true) found.deleted = true;
  if (Number.isSafeInteger(Number(raw.id)) && Number(raw.id) > 0) found.id = Number(raw.id);
  for (const field of fields) {
    const values = [raw[field.name] ?? []].flat().map(String);
    const good = values.filter((value) => value && (!field.values || field.values.includes(value)));
    if (good.length) found[field.name] = [...new Set(good)].slice(0, 50);
  }
  return found;
}

/** The same as a query of the API. */
export function queryOf(search: Search, fields: readonly Field[], now: number) {
  const found: Record<string, unknown> = {};
  for (const field of fields) {
    const values = valuesOf(search, field.name);
    if (values.length) found[field.name] = field.one ? values[0] : values;
  }
  if (search.text) found.text = search.text;
  if (search.sort) found.sort = search.sort;
  if (search.deleted) found.deleted = true;
  return { ...found, ...spanOf(search, now) };
}

function spanOf(search: Search, now: number): { since?: string; until?: string } {
  const range = RANGE.exec(search.range ?? '');
  if (range) {
    const ms = Number(range[1]) * MS[range[2] as keyof typeof MS];
    return { since: new Date(now - ms).toISOString() };
  }
  return {
    ...(search.since ? { since: search.since } : {}),
    ...(search.until ? { until: search.until } : {}),
  };
}

export function valuesOf(search: Search, name: string): readonly string[] {
  const found = search[name];
  return Array.isArray(found) ? found : [];
}

type Tokens = PropertyFilterProps.Query;

export function tokensOf(search: Search, fields: readonly Field[]): Tokens {
  const tokens = fields.flatMap((field) =>
    valuesOf(search, field.name).map((value) => ({
      propertyKey: field.name,
      operator: '=',
      value,
    })),
  );
  const text = search.text ? [{ operator: ':', value: search.text }] : [];
  return { operation: 'and', tokens: [...tokens, ...text] };
}

/** The address for what was chosen in the filter; the span of time stays as it is. */
export function withTokens(search: Search, query: Tokens, fields: readonly Field[]): Search {
  const { range, since, until, sort, deleted } = search;
  const raw: Record<string, unknown> = { range, since, until, sort, deleted };
  for (const token of query.tokens) {
    const value = String(token.value).trim();
    const name = token.propertyKey ?? 'text';
    // The API looks for one text: the last one that was written is meant.
    raw[name] = name === 'text' ? value : [...([raw[name] ?? []].flat() as string[]), value];
  }
  return searchOf(raw, fields);
}

export function rangeOf(search: Search): DateRangePickerProps.Value | null {
  const range = RANGE.exec(search.range ?? '');
  if (range) {
    const unit = UNITS[range[2] as keyof typeof UNITS];
    return { type: 'relative', amount: Number(range[1]), unit };
  }
  if (!search.since || !search.until) return null;
  return { type: 'absolute', startDate: search.since, endDate: search.until };
}

export function withRange(search: Search, value: DateRangePickerProps.Value | null): Search {
  const { range, since, until, ...rest } = search;
  if (!value) return rest;
  if (value.type === 'relative') {
    const letter = value.unit === 'minute' ? 'm' : value.unit === 'hour' ? 'h' : 'd';
    const days = { week: 7, month: 30, year: 365 } as Record<string, number>;
    return { ...rest, range: `${value.amount * (days[value.unit] ?? 1)}${letter}` };
  }
  const iso = (text: string) => new Date(text).toISOString();
  return { ...rest, since: iso(value.startDate), until: iso(value.endDate) };
}

/** Whether anything is left out of the list. */
export function isFiltered(search: Search): boolean {
  return Object.entries(search).some(
    ([name, value]) => !['sort', 'id'].includes(name) && value !== undefined,
  );
}
