import { App, StackProps, Tags } from 'aws-cdk-lib';
import { AppParameter } from '../parameter';
import { check } from './check';
import { ApplicationStack } from './stack/application-stack';
import { DatabaseStack } from './stack/database-stack';
import { DistributionStack } from './stack/distribution-stack';
import { EdgeStack } from './stack/edge-stack';
import { NetworkStack } from './stack/network-stack';
import { OperationsStack } from './stack/operations-stack';
import { SecurityStack } from './stack/security-stack';

export interface ConsoleStacks {
  readonly network: NetworkStack;
  readonly security: SecurityStack;
  readonly database: DatabaseStack;
  readonly application: ApplicationStack;
  readonly edge: EdgeStack;
  readonly distribution: DistributionStack;
  readonly operations: OperationsStack;
}

/**
 * All stacks of one environment, in the order in which they stand on each other.
 *
 * `assets` is the folder of the console's built files, if they shall be served from S3.
 */
export function makeConsole(app: App, parameter: AppParameter, assets?: string): ConsoleStacks {
  check(parameter);
  const stack = (name: string, description: string): StackProps => ({
    stackName: `rescuebot-${parameter.envName}-${name}`,
    description: `Rescue Bot ${parameter.envName}: ${description}`,
    env: parameter.env,
    terminationProtection: parameter.keepData,
  });
  const given = { parameter };
  const network = new NetworkStack(app, 'Network', { ...stack('network', 'VPC, keys'), ...given });
  const ground = { ...given, vpc: network.vpc, keys: network.keys };
  const security = new SecurityStack(app, 'Security', {
    ...stack('security', 'security groups, roles, secrets'),
    ...ground,
  });
  const database = new DatabaseStack(app, 'Database', {
    ...stack('database', 'Aurora MySQL'),
    ...ground,
    firewalls: security.firewalls,
  });
  const application = new ApplicationStack(app, 'Application', {
    ...stack('application', 'load balancer, ECS'),
    ...ground,
    security,
    ledger: database.ledger,
  });
  const edge = new EdgeStack(app, 'Edge', {
    ...stack('edge', 'what CloudFront wants in us-east-1'),
    ...given,
    env: { ...parameter.env, region: 'us-east-1' },
    crossRegionReferences: true,
  });
  const distribution = new DistributionStack(app, 'Distribution', {
    ...stack('distribution', 'CloudFront, S3'),
    ...given,
    crossRegionReferences: true,
    webAclArn: edge.webAclArn,
    certificate: edge.certificate,
    originWord: security.originWord,
    assets,
  });
  // It asks for the load balancer by its name, so nothing else tells the CDK of it.
  distribution.addStackDependency(application);
  const operations = new OperationsStack(app, 'Operations', {
    ...stack('operations', 'alarms, logs, functions'),
    ...ground,
    ledger: database.ledger,
    application,
  });
  Tags.of(app).add('Project', 'rescuebot');
  Tags.of(app).add('Environment', parameter.envName);
  Tags.of(app).add('ManagedBy', 'cdk');
  return { network, security, database, application, edge, distribution, operations };
}
