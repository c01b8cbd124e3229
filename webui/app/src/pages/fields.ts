/** By what each list can be filtered; the names are those of the API's parameters. */
import type {
  AdviceState,
  ApprovalState,
  ArchiveState,
  CommandType,
  DraftState,
  EventStatus,
  ExecutionState,
  LetterState,
  NoticeStatus,
  Outcome,
  RunbookMode,
  Severity,
  SolutionKind,
} from '@/api/generated';
import type { Field } from '@/ui/filter';

/** All values of a type of the API, once each: the compiler refuses a list that lacks one. */
function all<T extends string>() {
  return <const V extends readonly T[]>(values: V & ([T] extends [V[number]] ? V : never)) =>
    values as readonly T[];
}

export const SEVERITIES = all<Severity>()(['fatal', 'critical', 'warning', 'info']);
export const STATUSES = all<EventStatus>()(['new', 'processing', 'resolved', 'failed']);
export const OUTCOMES = all<Outcome>()([
  'fixed',
  'nothing_to_fix',
  'changed_not_fixed',
  'no_runbook',
  'held',
  'rejected',
  'suppressed',
  'no_minion',
  'timeout',
  'lost',
  'recovered',
  'by_hand',
]);
export const STATES = all<ExecutionState>()([
  'held',
  'planned',
  'dispatched',
  'running',
  'success',
  'failed',
  'timeout',
  'lost',
  'cancelled',
]);
export const APPROVAL_STATES = all<ApprovalState>()([
  'pending',
  'approved',
  'rejected',
  'expired',
  'withdrawn',
  'refused',
  'spent',
]);
export const MODES = all<RunbookMode>()(['shadow', 'ask', 'auto']);
export const KINDS = all<SolutionKind>()(['state', 'sls', 'shell']);
export const COMMAND_TYPES = all<CommandType>()(['restart', 'status', 'log_check']);
export const DRAFT_STATES = all<DraftState>()([
  'proposed',
  'rejected',
  'failed',
  'verified',
  'promoted',
  'unused',
]);
export const ADVICE_STATES = all<AdviceState>()([
  'gathering',
  'asking',
  'answered',
  'failed',
  'unasked',
]);
export const LETTER_STATES = all<LetterState>()(['kept', 'requeued', 'discarded']);
export const ARCHIVE_STATES = all<ArchiveState>()(['planned', 'written', 'verified', 'done']);
export const NOTICE_STATUSES = all<NoticeStatus>()(['pending', 'sent', 'given_up', 'merged']);
// What a notice tells; the API takes any word.
export const NOTICE_STATES = [
  'opened',
  'held',
  'approval_asked',
  'previewed',
  'amended',
  'approval_answered',
  'running',
  'retrying',
  'rescued',
  'nothing_to_fix',
  'failed',
  'recovered',
  'closed',
  'reopened',
  'acknowledged',
  'escalated',
  'summary',
  'called',
  'lifted',
] as const;
export const ROLES = ['viewer', 'operator', 'admin'] as const;

export const EVENTS: readonly Field[] = [
  { name: 'severity', values: SEVERITIES, kind: 'severity' },
  { name: 'status', values: STATUSES, kind: 'status' },
  { name: 'outcome', values: OUTCOMES, kind: 'outcome' },
  { name: 'server_id' },
  { name: 'service_type' },
  { name: 'event_type' },
  { name: 'event_source' },
  { name: 'alarm_name' },
];
export const RUNS: readonly Field[] = [
  { name: 'state', values: STATES, kind: 'state' },
  { name: 'server_id' },
  { name: 'service_type' },
  { name: 'requested_by' },
  { name: 'event_id', one: true },
  { name: 'runbook_id', one: true },
  { name: 'command_id', one: true },
];
export const APPROVALS: readonly Field[] = [
  { name: 'state', values: APPROVAL_STATES, kind: 'approvalState' },
];
export const RUNBOOKS: readonly Field[] = [
  { name: 'service_type' },
  { name: 'mode', values: MODES, kind: 'mode' },
  { name: 'solution_kind', values: KINDS, kind: 'kind' },
  { name: 'enabled', values: ['true', 'false'], kind: 'yesno', one: true },
];
export const COMMANDS: readonly Field[] = [
  { name: 'target_service' },
  { name: 'command_type', values: COMMAND_TYPES, kind: 'commandType' },
];
export const DRAFTS: readonly Field[] = [
  { name: 'state', values: DRAFT_STATES, kind: 'draftState' },
  { name: 'service_type' },
];
export const ADVICE: readonly Field[] = [
  { name: 'state', values: ADVICE_STATES, kind: 'adviceState' },
  { name: 'service_type' },
];
/** Of which event one comes to an advice. */
export const ADVICE_OF: readonly Field[] = [{ name: 'event', one: true }];
export const SERVERS: readonly Field[] = [
  { name: 'service', one: true },
  { name: 'has_minion', values: ['true', 'false'], kind: 'yesno', one: true },
];
export const LETTERS: readonly Field[] = [
  { name: 'state', values: LETTER_STATES, kind: 'letterState' },
  { name: 'reason' },
];
export const NOTICES: readonly Field[] = [
  { name: 'status', values: NOTICE_STATUSES, kind: 'noticeStatus' },
  { name: 'channel' },
  { name: 'state', values: NOTICE_STATES, kind: 'noticeState' },
  { name: 'event_id', one: true },
];
export const AUDIT: readonly Field[] = [{ name: 'actor' }, { name: 'action' }, { name: 'subject' }];
export const ARCHIVES: readonly Field[] = [
  { name: 'state', values: ARCHIVE_STATES, kind: 'archiveState' },
];
export const USERS: readonly Field[] = [
  { name: 'role', values: ROLES, kind: 'role' },
  { name: 'disabled', values: ['true', 'false'], kind: 'yesno', one: true },
];
