import { fireEvent, render } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { prefer } from '@/app/preferences';
import { isComposing } from '@/ui/ime';
import { listenForKeys, meaning, useShortcut } from '@/ui/keys';

listenForKeys();

function Page({ onApprove, onEvents }: { onApprove: () => void; onEvents: () => void }) {
  useShortcut('a', 'approval.approve', onApprove);
  useShortcut('g e', 'nav.events', onEvents);
  return <input aria-label="name" />;
}

function page() {
  const onApprove = vi.fn();
  const onEvents = vi.fn();
  const { getByLabelText, unmount } = render(<Page onApprove={onApprove} onEvents={onEvents} />);
  return { onApprove, onEvents, input: getByLabelText('name'), unmount };
}

describe('the guard against input methods', () => {
  it('knows an Enter that ends a syllable, by each way that browsers say it', () => {
    expect(isComposing({ isComposing: true })).toBe(true);
    expect(isComposing({ nativeEvent: { isComposing: true } })).toBe(true);
    expect(isComposing({ keyCode: 229 })).toBe(true);
    expect(isComposing({ isComposing: false, keyCode: 13 })).toBe(false);
  });
});

describe('shortcuts', () => {
  beforeEach(() => prefer({ shortcuts: true }));

  it('do what they are for', () => {
    const { onApprove } = page();
    fireEvent.keyDown(document.body, { key: 'a' });
    expect(onApprove).toHaveBeenCalledOnce();
  });

  it('take two keys where they are two', () => {
    const { onEvents } = page();
    fireEvent.keyDown(document.body, { key: 'g' });
    fireEvent.keyDown(document.body, { key: 'e' });
    expect(onEvents).toHaveBeenCalledOnce();
    expect(meaning('g', 'x', ['g e', 'x'])).toBe('x');
  });

  it.each([
    ['while somebody writes', (input: HTMLElement) => fireEvent.keyDown(input, { key: 'a' })],
    [
      'while a syllable is put together',
      () => fireEvent.keyDown(document.body, { key: 'a', keyCode: 229 }),
    ],
    ['of the browser', () => fireEvent.keyDown(document.body, { key: 'a', ctrlKey: true })],
  ])('are not those %s', (_, press) => {
    const { onApprove, input } = page();
    press(input);
    expect(onApprove).not.toHaveBeenCalled();
  });

  it('can be switched off, and are gone with their page', () => {
    const { onApprove, unmount } = page();
    prefer({ shortcuts: false });
    fireEvent.keyDown(document.body, { key: 'a' });
    prefer({ shortcuts: true });
    unmount();
    fireEvent.keyDown(document.body, { key: 'a' });
    expect(onApprove).not.toHaveBeenCalled();
  });
});
