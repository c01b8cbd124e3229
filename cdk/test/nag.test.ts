/** The whole app under cdk-nag, as `cdk synth` does it; and that a finding would be found. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { makeConsole } from '../lib/console';
import { devParameter, parameters } from '../parameter';
import { CONTEXT } from './templates';

const outdir = mkdtempSync(path.join(tmpdir(), 'rescue-cdk-'));
const code = process.exitCode;

afterAll(() => {
  rmSync(outdir, { recursive: true });
  // A finding sets the exit code of `cdk synth`; that it was found is what is wanted here.
  process.exitCode = code;
});

function watched(): App {
  const app = new App({ context: { ...CONTEXT, 'aws:cdk:disable-asset-staging': true }, outdir });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}

test.each(Object.values(parameters))('$envName is clean', (parameter) => {
  const app = watched();
  makeConsole(app, parameter);
  expect(() => app.synth()).not.toThrow();
});

test('a bucket that is not logged and can be read without TLS would be found', () => {
  const app = watched();
  const { operations } = makeConsole(app, devParameter);
  new Bucket(operations, 'Careless');
  expect(() => app.synth()).toThrow(/AwsSolutions-S1'[^]*AwsSolutions-S10'/);
});
