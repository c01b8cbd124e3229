/** The image beside the app: what tasks ask of it is there, and the script does what it says. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { prodParameter } from '../parameter';
import { all, Json, templatesOf } from './templates';

const TOOLBOX = path.join(__dirname, '../toolbox');
const SCRIPT = path.join(TOOLBOX, 'accounts.sh');
const dockerfile = readFileSync(path.join(TOOLBOX, 'Dockerfile'), 'utf-8');

const GIVEN = {
  DATABASE_HOST: 'db.internal',
  DATABASE_NAME: 'rescue',
  OWNER_USER: 'rescue',
  OWNER_PASSWORD: 'owner-word',
  APP_USER: 'rescue_app',
  APP_PASSWORD: 'App.word_1,=^-',
};

/** Run the script before a client that only writes down how it was called. */
function accounts(changed: Partial<typeof GIVEN> = {}, code = 0) {
  const folder = mkdtempSync(path.join(tmpdir(), 'accounts-'));
  const client = path.join(folder, 'mariadb');
  const log = path.join(folder, 'log');
  writeFileSync(
    client,
    `#!/bin/sh\n{ echo "$@"; echo "$MYSQL_PWD"; cat; } >${log}\nexit ${code}\n`,
  );
  chmodSync(client, 0o755);
  writeFileSync(log, '');
  const env = { PATH: `${folder}:${process.env['PATH']}`, ...GIVEN, ...changed };
  const ran = spawnSync('sh', [SCRIPT], { env, encoding: 'utf-8' });
  const [called, password, ...statements] = readFileSync(log, 'utf-8').split('\n');
  return { ...ran, called, password, statements: statements.join('\n') };
}

test('what the containers run is in the image', () => {
  const tasks = all(templatesOf(prodParameter), 'AWS::ECS::TaskDefinition');
  const containers: Json[] = tasks.flatMap((each) => each.properties.ContainerDefinitions);
  const named = (name: string): Json => containers.find((each) => each.Name === name);
  expect(dockerfile).toContain(`COPY --chmod=755 accounts.sh ${named('accounts').EntryPoint[0]}`);
  expect(dockerfile).toContain(`    ${named('certificates').Command[0]}`);
  expect(dockerfile).toMatch(/apk add .*socat/);
});

test('the script is a script of sh', () => {
  execFileSync('sh', ['-n', SCRIPT]);
});

test('the user may read and write rows, and nothing else', () => {
  const ran = accounts();
  expect(ran.status).toBe(0);
  expect(ran.statements).toContain(
    "CREATE USER IF NOT EXISTS 'rescue_app'@'%' IDENTIFIED BY 'App.word_1,=^-' REQUIRE SSL;",
  );
  expect(ran.statements).toContain(
    "GRANT SELECT, INSERT, UPDATE, DELETE ON `rescue`.* TO 'rescue_app'@'%';",
  );
});

test('the server has to prove who it is, and no password is on a command line or in the log', () => {
  const ran = accounts();
  expect(ran.called).toContain('--ssl-ca=/usr/share/rescuebot/rds.pem --ssl-verify-server-cert');
  expect(ran.password).toBe(GIVEN.OWNER_PASSWORD);
  for (const word of [GIVEN.OWNER_PASSWORD, GIVEN.APP_PASSWORD]) {
    expect(`${ran.called} ${ran.stdout} ${ran.stderr}`).not.toContain(word);
  }
});

test.each([
  ['a quote', { APP_PASSWORD: "x' OR '1" }],
  ['a line', { APP_USER: 'a\nb' }],
  ['nothing', { APP_USER: '' }],
  ['a backtick', { DATABASE_NAME: 'a`b' }],
])('%s in a name or password is refused, and nothing is asked', (_name, changed) => {
  const ran = accounts(changed);
  expect(ran.status).toBe(1);
  expect(ran.called).toBe('');
});

test('what the database refuses ends the script with an error', () => {
  expect(accounts({}, 1).status).toBe(1);
});
