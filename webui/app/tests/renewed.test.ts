import { describe, expect, it, vi } from 'vitest';
import { Problem, Renewed, told } from '@/api/problems';
import { followRenewals, part, type Place } from '@/ui/renewed';

function place(change: Partial<Place> = {}) {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  return { reload: vi.fn(), isOnline: () => true, now: () => 1_000_000_000_000, store, ...change };
}

/** A part of the page is gone; whether what asked for it is told so. */
function goneAt(here: Place): boolean {
  const target = new EventTarget();
  followRenewals(target, here);
  return target.dispatchEvent(new Event('vite:preloadError', { cancelable: true }));
}

describe('a part of the page that is gone', () => {
  it('loads the page anew once, and then says so', () => {
    const here = place();
    expect(goneAt(here)).toBe(false);
    expect(here.reload).toHaveBeenCalledTimes(1);
    expect(goneAt(here)).toBe(true);
    expect(here.reload).toHaveBeenCalledTimes(1);
  });

  it('loads it anew again after the next upgrade', () => {
    let at = 1_000_000_000_000;
    const here = place({ now: () => at });
    goneAt(here);
    at += 61_000;
    expect(goneAt(here)).toBe(false);
    expect(here.reload).toHaveBeenCalledTimes(2);
  });

  it('is no reason to lose the page without a network, or for ever without a memory', () => {
    const away = place({ isOnline: () => false });
    expect(goneAt(away)).toBe(true);
    const locked = () => {
      throw new DOMException('no storage', 'SecurityError');
    };
    const forgetful = place({ store: { getItem: locked, setItem: locked } });
    expect(goneAt(forgetful)).toBe(true);
    expect(away.reload).not.toHaveBeenCalled();
    expect(forgetful.reload).not.toHaveBeenCalled();
  });

  it('is told by its reason', async () => {
    const gone = () => Promise.reject(new TypeError('Failed to fetch dynamically imported module'));
    await expect(part(gone, place())).rejects.toBeInstanceOf(Renewed);
    const away = part(gone, place({ isOnline: () => false }));
    await expect(away).rejects.toMatchObject({ code: 'offline' });
    await expect(part(() => Promise.resolve(7), place())).resolves.toBe(7);
  });

  it('is waited for while the page is being loaded anew', async () => {
    const waits = part(() => Promise.resolve(undefined), place());
    const soon = new Promise((done) => setTimeout(() => done('still waiting'), 20));
    expect(await Promise.race([waits, soon])).toBe('still waiting');
  });
});

describe('what stands beneath a headline', () => {
  const t = ((key: string) => key) as never;

  it('is English where the server has written it, and ours where we have', () => {
    const refused = new Problem({ status: 409, code: 'conflict', detail: 'x', remedy: 'y' });
    expect(told(t, refused)).toMatchObject({ detail: 'x', remedy: 'y', lang: 'en' });
    expect(told(t, new Renewed()).lang).toBeUndefined();
    expect(told(t, new Renewed()).title).toBe('problem.newer');
  });
});
