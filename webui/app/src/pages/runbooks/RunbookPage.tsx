/** One runbook: what it fits, what it does, how far it is trusted, and what it would have done. */
import {
  checkRunbook,
  createRunbook,
  deleteRunbook,
  diffRunbook,
  getRunbook,
  getRunbookVersion,
  listRunbookVersions,
  restoreRunbook,
  revertRunbook,
  updateRunbook,
  type Runbook,
} from '@/api/client';
import { KeptPage } from '../kept/KeptPage';
import type { Kept } from '../kept/kept';
import type { Fields } from './fields';
import { RunbookForm } from './RunbookForm';
import { PatternTester } from './PatternTester';
import { ReplayTab } from './Replay';

const path = (id: number) => ({ path: { runbook_id: id } });

const RUNBOOK: Kept<Runbook, Fields> = {
  noun: 'runbook',
  topic: 'runbooks',
  place: '/runbooks',
  nameOf: (row) => row.title,
  fieldsOf: (row) => ({
    title: row.title,
    service_type: row.service_type,
    error_pattern: row.error_pattern,
    solution_kind: row.solution_kind,
    solution_script: row.solution_script,
    description: row.description,
    priority: row.priority,
    mode: row.mode,
    enabled: row.enabled,
    attempts: row.attempts,
    retry_seconds: row.retry_seconds,
  }),
  empty: {
    title: '',
    service_type: '',
    error_pattern: '',
    solution_kind: 'state',
    solution_script: '',
    description: '',
    priority: 0,
    mode: 'ask',
    enabled: true,
    attempts: null,
    retry_seconds: null,
  },
  get: (id) => getRunbook(path(id)),
  create: (body) => createRunbook({ body }),
  update: (id, tag, body) => updateRunbook({ ...path(id), body, headers: { 'If-Match': tag } }),
  check: (body) => checkRunbook({ body }),
  remove: (id, tag) => deleteRunbook({ ...path(id), headers: { 'If-Match': tag } }),
  restore: (id) => restoreRunbook(path(id)),
  versions: (id) => listRunbookVersions(path(id)),
  diff: (id, before, after) => diffRunbook({ ...path(id), query: { before, after } }),
  version: (id, number) => getRunbookVersion({ path: { ...path(id).path, number } }),
  revert: (id, tag, to) =>
    revertRunbook({ ...path(id), body: { to }, headers: { 'If-Match': tag } }),
};

export default function RunbookPage() {
  return (
    <KeptPage
      kept={RUNBOOK}
      form={(props) => <RunbookForm {...props} />}
      tabs={[
        { id: 'pattern', content: ({ fields }) => <PatternTester fields={fields} /> },
        { id: 'replay', content: ({ fields, id }) => <ReplayTab fields={fields} id={id} /> },
      ]}
    />
  );
}
