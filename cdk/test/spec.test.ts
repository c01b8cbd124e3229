import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { AppParameter, parameters } from '../parameter';
import { compute, database, network, Row, Unfulfilled } from './rows';
import { edge } from './rows-edge';
import { operations, stacks } from './rows-operations';
import { Json, Resource, Templates, templatesOf } from './templates';

const ROWS: Row[] = [...network, ...compute, ...database, ...edge, ...operations, ...stacks];
const PAGE = path.join(__dirname, '../../docs/aws-cdk.md');
const [BEGIN, END] = ['<!-- rows: made by `npm run rows` -->', '<!-- /rows -->'];

const made = Object.fromEntries(
  Object.values(parameters).map((each) => [each.envName, templatesOf(each)]),
) as Record<AppParameter['envName'], Templates>;
const cases = Object.values(parameters).flatMap((parameter) =>
  ROWS.map((row): [string, string, AppParameter, Row] => [
    parameter.envName,
    row.asked,
    parameter,
    row,
  ]),
);

/** The same templates without these resources. */
function without(templates: Templates, gone: readonly Resource[]): Templates {
  const isGone = (stack: string, id: string): boolean =>
    gone.some((each) => each.stack === stack && each.id === id);
  return Object.fromEntries(
    Object.entries(templates).map(([stack, template]) => {
      const left = Object.entries(template.Resources as Json).filter(([id]) => !isGone(stack, id));
      return [stack, { ...template, Resources: Object.fromEntries(left) }];
    }),
  );
}

function names(found: readonly Resource[]): string {
  const byStack = new Map<string, string[]>();
  for (const { stack, id } of found) {
    byStack.set(stack, [...(byStack.get(stack) ?? []), `\`${id}\``]);
  }
  return [...byStack].map(([stack, ids]) => `${stack}: ${[...new Set(ids)].join(' ')}`).join('; ');
}

function table(): string {
  // prod has all that dev has, and a channel for its alarms.
  const lines = ROWS.map(
    ({ row, asked, find }) => `| ${row} | ${asked} | ${names(find(made.prod, parameters.prod))} |`,
  );
  return ['| row | asked | fulfilled by |', '|---|---|---|', ...lines].join('\n');
}

test.each(cases)('%s has: %s', (_env, _asked, parameter, row) => {
  expect(row.find(made[parameter.envName], parameter)).not.toHaveLength(0);
});

test.each(cases)('%s without it is found out: %s', (_env, _asked, parameter, row) => {
  const templates = made[parameter.envName];
  const broken = without(templates, row.find(templates, parameter));
  expect(() => row.find(broken, parameter)).toThrow(Unfulfilled);
});

test('the page names for each row what fulfils it', () => {
  const page = readFileSync(PAGE, 'utf-8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  const fresh = `${before}${BEGIN}\n${table()}\n${END}${after}`;
  if (process.env['RESCUE_WRITE_ROWS']) {
    writeFileSync(PAGE, fresh);
  }
  console.log(table());
  expect(readFileSync(PAGE, 'utf-8')).toBe(fresh);
});
