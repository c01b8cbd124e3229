/** The fields of a runbook that people write. */
import type { Runbook } from '@/api/client';

export type Fields = Pick<
  Runbook,
  | 'title'
  | 'service_type'
  | 'error_pattern'
  | 'solution_kind'
  | 'solution_script'
  | 'description'
  | 'priority'
  | 'mode'
  | 'enabled'
  | 'attempts'
  | 'retry_seconds'
>;

/** A number of a form, or null where it was left empty. */
export function numberOf(text: string): number | null {
  const found = Number(text);
  return text.trim() === '' || !Number.isFinite(found) ? null : Math.trunc(found);
}
