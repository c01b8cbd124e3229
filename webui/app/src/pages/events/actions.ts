/** What can be done to an event, by whom, and in which state of it. */
import { acknowledgeEvent, actOnEvents, type Event } from '@/api/client';
import { touch } from '@/live/current';

export type EventAction = 'acknowledge' | 'resolve' | 'fail' | 'reopen' | 'delete' | 'restore';

interface Who {
  isOperator: boolean;
  isAdmin: boolean;
}

/** For a list: those that were deleted can only be brought back. */
export function actionsFor({ isOperator, isAdmin, deleted }: Who & { deleted: boolean }) {
  if (deleted) return isAdmin ? (['restore'] as const) : [];
  const own: readonly EventAction[] = isOperator
    ? ['acknowledge', 'resolve', 'fail', 'reopen']
    : [];
  return isAdmin ? ([...own, 'delete'] as const) : own;
}

/** For one event: only what fits its state. */
export function actionsOn(event: Event, who: Who): readonly EventAction[] {
  const all = actionsFor({ ...who, deleted: event.deleted_at !== null });
  const open = event.status === 'new' || event.status === 'processing';
  const fits: Record<EventAction, boolean> = {
    acknowledge: !event.acknowledged_at && event.status !== 'resolved',
    resolve: open,
    fail: open,
    reopen: event.status === 'failed',
    delete: true,
    restore: true,
  };
  return all.filter((action) => fits[action]);
}

/** Do it; a restoration needs no reason, but the API takes none that is empty. */
export async function doTo(ids: number[], action: EventAction, reason: string) {
  const body = { action, ids, reason: reason || action };
  const { data } = await actOnEvents({
    body,
    headers: { 'Idempotency-Key': crypto.randomUUID() },
  });
  touch('events', 'executions', 'approvals');
  return data.items;
}

/** Say that one sees to it, so that nobody else is called; it may be said without a reason. */
export async function acknowledge(id: number, reason: string) {
  await acknowledgeEvent({ path: { event_id: id }, body: { reason } });
  touch('events');
}
