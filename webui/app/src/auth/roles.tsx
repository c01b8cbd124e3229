/** What a role may do: what one may not do is not offered, and the API refuses it anyway. */
import type { ReactNode } from 'react';
import type { Role } from '@/api/generated';
import { useSession } from './current';

const ORDER: readonly Role[] = ['viewer', 'operator', 'admin'];

export type Least = 'viewer' | 'operator' | 'admin';

export function mayAs(role: Role | null, least: Least): boolean {
  return role !== null && ORDER.indexOf(role) >= ORDER.indexOf(least);
}

export function useRole(): Role | null {
  const session = useSession();
  return session.state === 'in' ? session.role : null;
}

export function useMay(least: Least): boolean {
  return mayAs(useRole(), least);
}

export function May({ least, children }: { least: Least; children: ReactNode }) {
  return useMay(least) ? children : null;
}
