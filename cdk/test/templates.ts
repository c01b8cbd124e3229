import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { makeConsole } from '../lib/console';
import { AppParameter } from '../parameter';

// A template is looked into in every depth, so it is read as what it is: JSON.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

export interface Resource {
  readonly stack: string;
  readonly id: string;
  readonly type: string;
  readonly properties: Json;
  readonly whole: Json;
}

export type Templates = Readonly<Record<string, Json>>;

// eslint-disable-next-line @typescript-eslint/no-require-imports
export const CONTEXT = require('../cdk.json').context as Record<string, unknown>;

/** An app that looks at its features as `cdk synth` does. */
export function makeApp(): App {
  // Assets are named by their content, and not copied for each of the many templates of the tests.
  const app = new App({ context: { ...CONTEXT, 'aws:cdk:disable-asset-staging': true } });
  Validations.of(app).acknowledge({ id: 'CloudFormation-Validate::W3010', reason: 'SPEC B1' });
  return app;
}

export function templatesOf(parameter: AppParameter): Templates {
  const stacks = makeConsole(makeApp(), parameter);
  return Object.fromEntries(
    Object.entries(stacks).map(([name, stack]) => [name, Template.fromStack(stack).toJSON()]),
  );
}

/** All resources of a type in all stacks, or in one. */
export function all(templates: Templates, type: string, stack?: string): Resource[] {
  return Object.entries(templates)
    .filter(([name]) => stack === undefined || name === stack)
    .flatMap(([name, template]) =>
      Object.entries(template.Resources as Json)
        .filter(([, resource]) => (resource as Json).Type === type)
        .map(([id, resource]) => ({
          stack: name,
          id,
          type,
          properties: (resource as Json).Properties ?? {},
          whole: resource,
        })),
    );
}

export const text = (value: unknown): string => JSON.stringify(value);
