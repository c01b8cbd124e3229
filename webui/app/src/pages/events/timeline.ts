/** Everything about one event in the order in which it happened, each in the lane it belongs to. */
import type { EventHistory } from '@/api/client';
import { secondsBetween } from '@/time/time';
import { hopsOf, type Hop } from '../notices/hops';

export type Lane = 'alarm' | 'decision' | 'approval' | 'execution' | 'notice';
export const LANES: readonly Lane[] = ['alarm', 'decision', 'approval', 'execution', 'notice'];

export interface Entry {
  id: string;
  at: string;
  lane: Lane;
  /** A key of the catalogue with what is put into it. */
  title: string;
  values?: Record<string, string | number>;
  /** What was said, in the words of the ledger: foreign text. */
  words?: string;
  kind?: { of: string; value: string };
  to?: string;
  /** By which ways people were told. */
  hops?: readonly Hop[];
  seconds?: number | null;
  /** Steps of the machinery that people need only when they look for its reasons. */
  noise: boolean;
}

// What decides whether a person has to read a decision: these end the walk or change its way.
const QUIET_VERDICTS = new Set(['recorded', 'allowed', 'put_off', 'asked_again', 'hinted_again']);

export function timelineOf(history: EventHistory): readonly Entry[] {
  const entries = [
    ...alarms(history),
    ...decisions(history),
    ...advice(history),
    ...history.approvals.flatMap(approvalEntries),
    ...history.executions.flatMap(executionEntries),
    ...ending(history),
    ...notices(history),
  ];
  // What came at the same moment stays in the order of the walk.
  return entries
    .map((entry, place) => ({ entry, place, ms: Date.parse(entry.at) }))
    .toSorted((a, b) => a.ms - b.ms || a.place - b.place)
    .map(({ entry }) => entry);
}

function alarms({ event, occurrences }: EventHistory): Entry[] {
  const later = occurrences.filter(
    (one) => one.recovery || Date.parse(one.received_at) > Date.parse(event.received_at),
  );
  const repeats = later.filter((one) => !one.recovery);
  return [
    {
      id: 'alarm',
      at: event.received_at,
      lane: 'alarm',
      title: 'timeline.alarm',
      values: { source: event.event_source, name: event.alarm_name || event.event_type },
      words: event.event_message,
      noise: false,
    },
    ...later.map((one): Entry => ({
      id: `occurrence-${one.id}`,
      at: one.received_at,
      lane: 'alarm',
      title: one.recovery ? 'timeline.recovered' : 'timeline.repeat',
      // Of many repeats the last one tells that it goes on; the others are noise.
      noise: !one.recovery && one !== repeats.at(-1),
    })),
  ];
}

function decisions({ decisions: rows }: EventHistory): Entry[] {
  return rows.map((one) => ({
    id: `decision-${one.id}`,
    at: one.decided_at,
    lane: 'decision',
    title: 'timeline.decision',
    values: { subject: one.subject, verdict: one.verdict },
    words: one.words,
    noise: QUIET_VERDICTS.has(one.verdict),
  }));
}

function advice({ advice: found, event }: EventHistory): Entry[] {
  if (!found) return [];
  return [
    {
      id: `advice-${found.id}`,
      at: found.answered_at ?? found.asked_at ?? found.begun_at,
      lane: 'decision',
      title: 'timeline.advice',
      to: `/advice/${found.id}?event=${event.id}`,
      values: { model: found.model_id ?? '' },
      words: found.error ?? undefined,
      kind: { of: 'adviceState', value: found.state },
      noise: false,
    },
  ];
}

function approvalEntries(one: EventHistory['approvals'][number]): Entry[] {
  const to = `/approvals?state=${one.state}&id=${one.id}`;
  const asked: Entry = {
    id: `asked-${one.id}`,
    at: one.asked_at,
    lane: 'approval',
    title: 'timeline.asked',
    values: { name: one.proposed_by },
    words: one.why,
    to,
    noise: false,
  };
  if (!one.decided_at) return [asked];
  return [
    asked,
    {
      id: `answered-${one.id}`,
      at: one.decided_at,
      lane: 'approval',
      title: 'timeline.answered',
      values: { name: one.decided_by ?? '' },
      words: one.comment ?? undefined,
      kind: { of: 'approvalState', value: one.state },
      noise: false,
    },
  ];
}

function executionEntries(run: EventHistory['executions'][number]): Entry[] {
  const to = `/executions/${run.id}`;
  const values = { id: run.id, name: run.solution_name, server: run.minion_id || run.server_id };
  const base = { lane: 'execution', to, values } as const;
  const begun = run.started_at ?? run.dispatched_at;
  return [
    {
      ...base,
      id: `planned-${run.id}`,
      at: run.planned_at,
      title: 'timeline.planned',
      noise: true,
    },
    ...(begun
      ? [{ ...base, id: `begun-${run.id}`, at: begun, title: 'timeline.begun', noise: false }]
      : []),
    ...run.logs.map((log): Entry => ({
      ...base,
      id: `log-${log.id}`,
      at: log.executed_at,
      title: `timeline.step_${log.step}`,
      kind: { of: statusKind(log.step), value: log.execution_status },
      noise: false,
    })),
    ...(run.finished_at
      ? [
          {
            ...base,
            id: `finished-${run.id}`,
            at: run.finished_at,
            title: 'timeline.finished',
            words: run.message ?? undefined,
            kind: { of: 'state', value: run.state },
            seconds: secondsBetween(begun, run.finished_at),
            noise: false,
          },
        ]
      : []),
  ];
}

/** A check tells whether the service is up; a fix or a verification whether it succeeded. */
export function statusKind(step: string): 'checkStatus' | 'logStatus' {
  return step === 'check' ? 'checkStatus' : 'logStatus';
}

function ending({ event }: EventHistory): Entry[] {
  if (!event.resolved_at) return [];
  return [
    {
      id: 'end',
      at: event.resolved_at,
      lane: 'alarm',
      title: event.outcome ? `timeline.end_${event.status}` : 'timeline.end',
      kind: event.outcome ? { of: 'outcome', value: event.outcome } : undefined,
      seconds: secondsBetween(event.received_at, event.resolved_at),
      noise: false,
    },
  ];
}

function notices({ notices: rows }: EventHistory): Entry[] {
  return rows.map((one) => {
    const hops = hopsOf(one.receipts);
    // What another one tells, and what only brings an earlier message up to date.
    const quiet = one.status === 'merged' || hops.at(-1)?.code === 'updated';
    return {
      id: `notice-${one.id}`,
      at: one.ended_at ?? one.created_at,
      lane: 'notice',
      title: 'timeline.notice',
      values: { channel: one.channel, news: one.state },
      kind: { of: 'noticeStatus', value: one.status },
      to: `/notices?event_id=${one.event_id ?? ''}&id=${one.id}`,
      hops,
      noise: quiet && hops.every((hop) => hop.ok),
    };
  });
}
