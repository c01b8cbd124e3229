import { describe, expect, it } from 'vitest';
import type { EventLog } from '@/api/client';
import { isWhole } from '@/pages/executions/output';
import { onlyFailed } from '@/pages/executions/retrying';
import { statesOf, worstFirst } from '@/pages/executions/states';
import { isUnderWay, stepOfInterest } from '@/pages/executions/steps';
import { optionsOf } from '@/ui/filter';

const SUMMARY = `
Summary for local
------------
Succeeded: 3 (changed=2)
Failed:    1
------------
Total states run:     4
Total run time:   2.416 s`;
const FULL = `local:
----------
          ID: mariadb_is_running
    Function: service.running
        Name: mariadb
      Result: True
     Comment: Started service mariadb
              second line
     Started: 10:04:41.221830
    Duration: 412.118 ms
     Changes:   
              ----------
              mariadb:
                  True
----------
          ID: look
    Function: cmd.run
        Name: true
      Result: True
     Comment: nothing
     Started: 10:04:41.221830
    Duration: 2.0 ms
     Changes:   
----------
          ID: /etc/x
    Function: file.managed
      Result: False
     Comment: ----------
                        ID: false
                  Result: True
              failed
     Started: 10:04:41.221830
    Duration: 2000.0 ms
     Changes:   
              ----------
              mode:
                  0644
    Warnings: watch out
${SUMMARY}`;

describe('a run of states', () => {
  it('is read back as states, with all that was said of each', () => {
    const states = statesOf(FULL);
    expect(states?.map((one) => [one.name, one.function, one.result, one.seconds])).toEqual([
      ['mariadb', 'service.running', 'changed', 0.412118],
      ['true', 'cmd.run', 'unchanged', 0.002],
      ['/etc/x', 'file.managed', 'failed', 2],
    ]);
    expect(states?.[0]).toMatchObject({
      id: 'mariadb_is_running',
      comment: 'Started service mariadb\nsecond line',
      changes: 'mariadb:\n    True',
      started: '10:04:41.221830',
    });
  });

  it('takes what looks like a state within a comment for the text that it is', () => {
    const last = statesOf(FULL)?.at(-1);
    expect(last?.id).toBe('/etc/x');
    expect(last?.comment).toBe(
      '----------\n          ID: false\n    Result: True\nfailed\nwatch out',
    );
  });

  it('is understood where a minion prints on one line what changed nothing', () => {
    const terse = `local:
  Name: true - Function: cmd.run - Result: Clean - Started: 10:04:41.2 - Duration: 2.0 ms
  Name: /etc/x - Function: file.managed - Result: Failed - Started: 10:04:41.2 - Duration: 9 ms
----------
          ID: skip
    Function: test.nop
      Result: None
     Comment: would
     Changes:   
${SUMMARY}`;
    expect(statesOf(terse)?.map((one) => [one.name, one.result])).toEqual([
      ['true', 'unchanged'],
      ['/etc/x', 'failed'],
      ['skip', 'untried'],
    ]);
  });

  it('shows first what failed, and last what changed nothing', () => {
    const shown = worstFirst(statesOf(FULL) ?? []).map((one) => one.result);
    expect(shown).toEqual(['failed', 'changed', 'unchanged']);
  });

  it.each([
    '',
    'up\ntries: 2',
    'local:\n    No state was run.',
    FULL.replace('local:\n', ''),
    FULL.replace('Summary for local', 'Summary'),
    `local:\n----------\nnothing of this shape\n${SUMMARY}`,
  ])('is not made out of what is none', (text) => {
    expect(statesOf(text)).toBeNull();
  });
});

const run = (id: number, state: string, more: object = {}) => ({
  id,
  state: state as 'failed',
  server_id: 'i-1',
  minion_id: 'web-1',
  solution_name: 'x',
  runbook_id: null,
  command_id: null,
  ...more,
});

describe('only what failed', () => {
  it('or timed out or was lost is run again, and the others are named with their reason', () => {
    const servers = ['failed', 'timeout', 'lost', 'success', 'cancelled', 'running', 'held'];
    const { again, left } = onlyFailed(
      servers.map((state, id) => run(id, state, { server_id: `i-${id}` })),
    );
    expect(again.map((one) => one.state)).toEqual(['failed', 'timeout', 'lost']);
    expect(left.map((one) => one.why)).toEqual([
      'succeeded',
      'cancelled',
      'under_way',
      'under_way',
    ]);
  });

  it('counts the latest run of a remedy on a server, whatever came before', () => {
    const { again, left } = onlyFailed([
      run(3, 'success'),
      run(1, 'failed'),
      run(2, 'failed', { solution_name: 'y' }),
      run(5, 'failed', { solution_name: 'y' }),
    ]);
    expect(again.map((one) => one.id)).toEqual([5]);
    expect(left.map((one) => [one.run.id, one.why])).toEqual([
      [1, 'later'],
      [2, 'later'],
      [3, 'succeeded'],
    ]);
  });
});

const log = (step: string, status: string) =>
  ({ step, execution_status: status }) as unknown as EventLog;

describe('the step that one has come for', () => {
  it('is the one that failed, else the fix, else the last', () => {
    const [check, fix] = [log('check', 'failed'), log('fix', 'success')];
    const verify = log('verify', 'failed');
    expect(stepOfInterest([check, fix, verify])).toBe(verify);
    expect(stepOfInterest([check, fix])).toBe(fix);
    expect(stepOfInterest([check])).toBe(check);
    expect(stepOfInterest([])).toBeUndefined();
  });

  it('is watched as long as more may come', () => {
    const states = ['held', 'planned', 'dispatched', 'running', 'success', 'lost'];
    expect(states.filter((state) => isUnderWay({ state }))).toEqual([
      'planned',
      'dispatched',
      'running',
    ]);
  });

  it('may be held in part', () => {
    const bytes = new Uint8Array(3);
    expect(isWhole({ bytes, start: 0, size: 3 })).toBe(true);
    expect(isWhole({ bytes, start: 2, size: 5 })).toBe(false);
  });
});

describe('what a filter offers', () => {
  const values = {
    services: ['mysql'],
    servers: [
      { server_id: 'i-1', minion_id: 'web-1' },
      { server_id: 'i-2', minion_id: null },
      { server_id: 'web-3', minion_id: 'web-3' },
    ],
    event_types: ['process_down'],
    event_sources: ['aws.cloudwatch'],
    alarm_names: ['disk'],
    runbooks: [{ id: 7, title: 'Start MySQL' }],
  };

  it('is what the ledger has, under the names of the fields', () => {
    const offered = optionsOf(values);
    expect(offered.service_type).toEqual([{ value: 'mysql' }]);
    expect(offered.target_service).toEqual(offered.service_type);
    expect(offered.alarm_name).toEqual([{ value: 'disk' }]);
    expect(offered.runbook_id).toEqual([{ value: '7', label: 'Start MySQL' }]);
  });

  it('finds a server by its minion, too', () => {
    expect(optionsOf(values).server_id).toEqual([
      { value: 'i-1', also: ['web-1'] },
      { value: 'i-2', also: [] },
      { value: 'web-3', also: [] },
    ]);
  });

  it('is nothing as long as nobody has asked', () => {
    expect(optionsOf(undefined)).toEqual({});
  });
});
