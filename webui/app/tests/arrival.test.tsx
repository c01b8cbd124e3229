import { render } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';

function menu(): HTMLElement {
  const found = document.createElement('button');
  document.body.append(found);
  found.focus();
  return found;
}

describe('the focus, when a page comes,', () => {
  let arrival: typeof import('@/ui/arrival');

  /** A page with this heading; what it answers takes it away again. */
  function come(title: string) {
    function Page() {
      return (
        <div ref={arrival.useArrival()}>
          <h1>{title}</h1>
        </div>
      );
    }
    return render(<Page />);
  }

  beforeEach(async () => {
    document.body.replaceChildren();
    vi.resetModules();
    arrival = await import('@/ui/arrival');
  });

  it('is left to the browser on the first page of all, also when it comes a second time', () => {
    come('reading').unmount();
    come('Runbook');
    expect(document.activeElement).toBe(document.body);
  });

  it('is at the heading, from the link that led here and from nowhere', () => {
    menu();
    arrival.leave();
    const reading = come('reading');
    expect(document.activeElement?.textContent).toBe('reading');
    reading.unmount();
    come('Runbook');
    expect(document.activeElement?.textContent).toBe('Runbook');
  });

  it('stays in what somebody has opened meanwhile', () => {
    arrival.leave();
    const reading = come('reading');
    const opened = menu();
    reading.unmount();
    come('Runbook');
    expect(document.activeElement).toBe(opened);
  });

  it('stays in the link once the heading has had it', () => {
    const link = menu();
    arrival.leave();
    const reading = come('reading');
    link.focus();
    reading.unmount();
    come('Runbook');
    expect(document.activeElement).toBe(link);
  });
});
