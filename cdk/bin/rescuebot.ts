/** `cdk synth -c environment=dev`: the stacks of that environment, looked over by cdk-nag. */
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { Annotations, App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { makeConsole } from '../lib/console';
import { withDigests } from '../lib/images';
import { parameters } from '../parameter';

const BUILT = path.join(__dirname, '../../webui/app/dist/assets');

const app = new App();
const named: unknown = app.node.tryGetContext('environment') ?? 'dev';
const found = Object.values(parameters).find(({ envName }) => envName === named);
if (!found) {
  throw new Error(
    `There is no environment ${named}. There are: ${Object.keys(parameters).join(', ')}.`,
  );
}
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const built = existsSync(BUILT);
const { distribution } = makeConsole(
  app,
  withDigests(found, process.env),
  built ? BUILT : undefined,
);
if (!built) {
  Annotations.of(distribution).addWarningV2(
    'rescuebot:assets',
    'The console is not built (`make console`), so its files are served by the front end alone.',
  );
}
