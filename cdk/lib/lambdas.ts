import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { Annotations } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

const REPOSITORY = path.join(__dirname, '../..');

/**
 * The zip of a function, as `make lambdas` builds it.
 *
 * Without it the folder is taken, so that a synthesis needs nothing of Python. A function of that kind would
 * lack its packages, so the warning makes `cdk deploy --strict` stop.
 */
export function zip(scope: Construct, name: string, root = REPOSITORY): Code {
  const built = path.join(root, 'dist/lambdas', `${name}.zip`);
  if (existsSync(built)) {
    return Code.fromAsset(built);
  }
  Annotations.of(scope).addWarningV2(
    `rescuebot:zip-${name}`,
    `dist/lambdas/${name}.zip is not built: run \`make lambdas\` before you deploy.`,
  );
  return Code.fromAsset(path.join(root, 'lambdas', name), { exclude: ['**/__pycache__'] });
}
