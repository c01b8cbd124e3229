/** Sentences that the library writes are in English; a screen reader should say them so. */
import type { ReactNode } from 'react';
import type { Told } from '@/api/problems';

export function English({ children }: { children: ReactNode }) {
  return <span lang="en">{children}</span>;
}

/** What stands beneath the headline of a refusal. */
export function Beneath({ detail, remedy, lang }: Told) {
  return (
    <span lang={lang}>
      {detail} {remedy}
    </span>
  );
}
