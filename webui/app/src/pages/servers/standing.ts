/** What stands in the way of fixing a server: the same reading of a target as the guard's. */
import type { MaintenanceWindow, ServerWhole } from '@/api/client';

type About = Pick<ServerWhole, 'services'> & {
  server: Pick<ServerWhole['server'], 'server_id' | 'minion_id'>;
};

/** Whether a halt or a window on `target` holds something on this server. */
export function isOn(target: string, { server, services }: About): boolean {
  const [kind = '', ...rest] = target.split(':');
  const name = rest.join(':');
  if (target === '*') return true;
  const pattern = patternOf(name);
  if (kind === 'service') return services.some((service) => pattern.test(service));
  if (kind === 'server') return pattern.test(server.server_id);
  return kind === 'minion' && server.minion_id !== null && pattern.test(server.minion_id);
}

/** In a name `*` stands for any letters and `?` for one. */
function patternOf(name: string): RegExp {
  const parts = name.split(/([*?])/).map((part) => {
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replace(/[^\w]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's');
}

/** Whether a window is open at `now`, in milliseconds. */
export function isOpen(
  one: Pick<MaintenanceWindow, 'starts_at' | 'ends_at' | 'closed_at'>,
  now: number,
): boolean {
  return !one.closed_at && Date.parse(one.starts_at) <= now && now < Date.parse(one.ends_at);
}
