/** Links of the kit that stay inside this application. */
import CloudscapeLink from '@cloudscape-design/components/link';
import { useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** Go to an address of ours; modified clicks are left to the browser. */
export function useFollow() {
  const router = useRouter();
  return (event: { preventDefault: () => void; detail: { href?: string; external?: boolean } }) => {
    if (!event.detail.href || event.detail.external) return;
    event.preventDefault();
    router.history.push(event.detail.href);
  };
}

export function Link({ to, label, children }: { to: string; label?: string; children: ReactNode }) {
  const follow = useFollow();
  return (
    <CloudscapeLink href={to} onFollow={follow} ariaLabel={label}>
      {children}
    </CloudscapeLink>
  );
}
