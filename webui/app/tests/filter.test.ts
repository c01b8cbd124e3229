import { beforeEach, describe, expect, it } from 'vitest';
import { EVENTS } from '@/pages/fields';
import {
  isFiltered,
  parseAddress,
  queryOf,
  rangeOf,
  searchOf,
  tokensOf,
  withRange,
  withTokens,
  writeAddress,
} from '@/ui/filter';
import { dropView, readViews, saveView, searchOfView } from '@/ui/views';

const NOW = Date.parse('2026-11-22T01:00:00Z');

describe('the filter in the address', () => {
  it('comes back from the address as it was written', () => {
    const search = { severity: ['fatal', 'critical'], text: 'a & b', range: '24h', deleted: true };
    const again = searchOf(parseAddress(writeAddress(search)), EVENTS);
    expect(again).toEqual(search);
  });

  it('lets go of what is no field, no value of it, and no span', () => {
    const raw = parseAddress('?severity=worst&severity=fatal&bogus=1&range=soon&id=x');
    expect(searchOf(raw, EVENTS)).toEqual({ severity: ['fatal'] });
  });

  it('keeps a value once', () => {
    expect(searchOf({ severity: ['fatal', 'fatal'] }, EVENTS)).toEqual({ severity: ['fatal'] });
  });

  it('survives the way through the property filter', () => {
    const search = { severity: ['fatal'], server_id: ['i-1'], text: 'gone', range: '7d' };
    expect(withTokens(search, tokensOf(search, EVENTS), EVENTS)).toEqual(search);
  });

  it('asks for the span before now', () => {
    expect(queryOf({ range: '24h', severity: ['fatal'] }, EVENTS, NOW)).toEqual({
      severity: ['fatal'],
      since: '2026-11-21T01:00:00.000Z',
    });
  });

  it('gives a field of one value as one', () => {
    expect(queryOf({ event_id: ['3'] }, [{ name: 'event_id', one: true }], NOW)).toEqual({
      event_id: '3',
    });
  });

  it('knows spans that end now and spans between two times', () => {
    expect(rangeOf({ range: '15m' })).toEqual({ type: 'relative', amount: 15, unit: 'minute' });
    expect(
      withRange({ since: 'x', until: 'y' }, { type: 'relative', amount: 2, unit: 'week' }),
    ).toEqual({
      range: '14d',
    });
    expect(withRange({ range: '1h', text: 'a' }, null)).toEqual({ text: 'a' });
  });

  it('is no filter that only sorts or looks at one', () => {
    expect(isFiltered({ sort: 'event_time', id: 3 })).toBe(false);
    expect(isFiltered({ range: '1h' })).toBe(true);
  });
});

describe('saved views', () => {
  beforeEach(() => localStorage.clear());

  it('are found again by name, without the row that was open', () => {
    saveView('events', '밤', { severity: ['fatal'], id: 7 });
    const [view] = readViews('events');
    expect(view && searchOfView(view, EVENTS)).toEqual({ severity: ['fatal'] });
  });

  it('take the place of one of the same name, and can be forgotten', () => {
    saveView('events', 'a', { text: '1' });
    saveView('events', 'a', { text: '2' });
    expect(readViews('events')).toHaveLength(1);
    expect(dropView('events', 'a')).toEqual([]);
  });

  it('are none where the browser has kept something else', () => {
    localStorage.setItem('rescue.views.events', '{"not": "a list"}');
    expect(readViews('events')).toEqual([]);
  });
});
