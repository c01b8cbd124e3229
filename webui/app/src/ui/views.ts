/** Views that a person has saved in this browser: a name for an address. */
import { searchOf, writeAddress, parseAddress, type Field, type Search } from './filter';

export interface View {
  name: string;
  address: string;
}

const KEY = 'rescue.views.';
const MOST = 30;

export function readViews(list: string): readonly View[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY + list) ?? '[]');
    return Array.isArray(found) ? found.filter(isView).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** Saved under a name that is there already, it takes its place. */
export function saveView(list: string, name: string, search: Search): readonly View[] {
  const { id: _id, ...kept } = search;
  const others = readViews(list).filter((view) => view.name !== name);
  return write(list, [...others, { name, address: writeAddress(kept) }].slice(-MOST));
}

export function dropView(list: string, name: string): readonly View[] {
  return write(
    list,
    readViews(list).filter((view) => view.name !== name),
  );
}

export function searchOfView(view: View, fields: readonly Field[]): Search {
  return searchOf(parseAddress(view.address), fields);
}

function write(list: string, views: readonly View[]): readonly View[] {
  localStorage.setItem(KEY + list, JSON.stringify(views));
  return views;
}

function isView(value: unknown): value is View {
  const view = value as View | null;
  return typeof view?.name === 'string' && typeof view.address === 'string';
}
