/**
 * What Salt prints of a run of states, read back as states.
 *
 * Invariant: a state begins where Salt begins one, at the very left; comments and changes are indented
 * and stay text, whatever they look like. What is not of this shape gives no states at all.
 */

export type StateResult = 'failed' | 'changed' | 'unchanged' | 'untried';

export interface StateRun {
  id: string;
  function: string;
  name: string;
  result: StateResult;
  comment: string;
  started: string;
  seconds: number | null;
  changes: string;
}

// Labels end in the same column, ten spaces before the shortest and four before the longest.
const LABEL = /^ {4,10}([A-Z][a-z]+|ID): ?(.*)$/;
const COLON = 12;
const TERSE =
  /^ {2}Name: (.*) - Function: (\S+) - Result: (Clean|Changed|Failed|Differs)(?: - Started: (\S*))?(?: - Duration: ([\d.]+) ms)?/;
const TERSE_RESULTS: Readonly<Record<string, StateResult>> = {
  Clean: 'unchanged',
  Changed: 'changed',
  Failed: 'failed',
  Differs: 'untried',
};
const RANK: Readonly<Record<StateResult, number>> = {
  failed: 0,
  untried: 1,
  changed: 2,
  unchanged: 3,
};
// What continues in further lines stands this far to the right.
const INDENT = 14;

/** The states of an output in their order, or null when it is no output of states. */
export function statesOf(text: string): readonly StateRun[] | null {
  const end = text.search(/^Summary for local$/m);
  if (!/^local:$/m.test(text) || end < 0) return null;
  const found: StateRun[] = [];
  let block: string[] | null = null;
  const finish = () => {
    const state = block && stateOf(block);
    if (state) found.push(state);
    block = null;
  };
  for (const line of text.slice(0, end).split('\n')) {
    const terse = TERSE.exec(line);
    if (terse || line === '----------') finish();
    if (terse) found.push(terseOf(terse));
    else if (line === '----------') block = [];
    else (block as string[] | null)?.push(line);
  }
  finish();
  return found.length ? found : null;
}

/** Failed first, then what changed something; in their order among themselves. */
export function worstFirst(states: readonly StateRun[]): readonly StateRun[] {
  return states.toSorted((a, b) => RANK[a.result] - RANK[b.result]);
}

function stateOf(lines: readonly string[]): StateRun | null {
  const fields = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    const [, label, rest] = LABEL.exec(line) ?? [];
    if (label && line.indexOf(':') === COLON) {
      current = [rest ?? ''];
      fields.set(label, current);
    } else {
      current.push(line.slice(0, INDENT).trim() ? line : line.slice(INDENT));
    }
  }
  const text = (label: string) => (fields.get(label) ?? []).join('\n').trim();
  if (!fields.has('ID') || !fields.has('Function')) return null;
  const changes = text('Changes').replace(/^-{10}\n/, '');
  return {
    id: text('ID'),
    function: text('Function'),
    name: text('Name') || text('ID'),
    result: resultOf(text('Result'), changes),
    comment: [text('Comment'), text('Warnings')].filter(Boolean).join('\n'),
    started: text('Started'),
    seconds: secondsOf(text('Duration').replace(/ ms$/, '')),
    changes,
  };
}

function resultOf(said: string, changes: string): StateResult {
  if (said === 'False') return 'failed';
  if (said === 'None') return 'untried';
  return changes ? 'changed' : 'unchanged';
}

function terseOf([, name = '', fun = '', result = '', started = '', ms]: readonly (
  string | undefined
)[]): StateRun {
  return {
    id: name,
    function: fun,
    name,
    result: TERSE_RESULTS[result] ?? 'unchanged',
    comment: '',
    started,
    seconds: secondsOf(ms ?? ''),
    changes: '',
  };
}

function secondsOf(ms: string): number | null {
  const number = Number(ms);
  return ms && Number.isFinite(number) ? number / 1000 : null;
}
