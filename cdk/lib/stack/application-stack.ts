import { CfnOutput, Stack, StackProps } from 'aws-cdk-lib';
import { IVpc } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IRole, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge, wildcard, written } from '../acknowledge';
import { Cluster } from '../construct/cluster';
import { ConsoleService } from '../construct/console-service';
import { ledgerUrl } from '../construct/containers';
import { Entrance } from '../construct/entrance';
import { Keys } from '../construct/keys';
import { Ledger } from '../construct/ledger';
import { Migration } from '../construct/migration';
import { Refresh } from '../construct/refresh';
import { asItIs } from '../groups';
import { image } from '../images';
import { SecurityStack } from './security-stack';

export interface ApplicationStackProps extends StackProps {
  readonly parameter: AppParameter;
  readonly vpc: IVpc;
  readonly keys: Keys;
  readonly security: SecurityStack;
  readonly ledger: Ledger;
}

/** What runs: the load balancer, the pages, the API, and the migrations before them. */
export class ApplicationStack extends Stack {
  readonly entrance: Entrance;
  readonly front: ConsoleService;
  readonly back: ConsoleService;
  readonly migration: Migration;
  readonly sessions: ILogGroup;

  constructor(scope: Construct, id: string, props: ApplicationStackProps) {
    super(scope, id, props);
    const { parameter, vpc, keys, security, ledger } = props;
    const { cluster, sessions } = new Cluster(this, 'Cluster', {
      parameter,
      vpc,
      logKey: keys.operations,
    });
    this.sessions = sessions;
    this.entrance = new Entrance(this, 'Entrance', {
      parameter,
      vpc,
      group: asItIs(this, 'LoadBalancerGroup', security.firewalls.loadBalancer),
      originWord: security.originWord.secretValue,
    });
    const executionRole = this.here('Execution', security.identities.execution);
    this.letItRead(executionRole, keys);
    const common = {
      parameter,
      cluster,
      executionRole,
      image: image(this, 'AppImage', parameter.images.app),
      toolbox: image(this, 'ToolboxImage', parameter.images.toolbox),
      group: asItIs(this, 'AppGroup', security.firewalls.app),
      logKey: keys.operations,
    };
    this.migration = new Migration(this, 'Migration', {
      ...common,
      vpc,
      host: ledger.cluster.clusterEndpoint.hostname,
      owner: ledger.owner,
      appUser: ledger.appUser,
      taskRole: security.identities.migration,
    });
    this.back = new ConsoleService(this, 'Back', {
      ...common,
      ...this.api(props),
      needsLedger: true,
      targets: this.entrance.back,
      taskRole: this.here('BackTask', security.identities.back),
    });
    this.front = new ConsoleService(this, 'Front', {
      ...common,
      entryPoint: ['gunicorn', '--config', 'python:webui.front.gunicorn'],
      environment: this.both(parameter),
      needsLedger: false,
      targets: this.entrance.front,
      taskRole: this.here('FrontTask', security.identities.front),
    });
    this.order(executionRole);
    new Refresh(this, 'Refresh', { service: this.back.service });
    new CfnOutput(this, 'ClusterName', { value: cluster.clusterName });
    new CfnOutput(this, 'BackService', { value: this.back.service.serviceName });
  }

  /** The user changes with each rotation, so it is put into the address when the container begins. */
  private api({ parameter, security, ledger }: ApplicationStackProps) {
    const { clusterEndpoint, clusterReadEndpoint } = ledger.cluster;
    const begin = [
      `export RESCUE_DATABASE__URL="${ledgerUrl('$DATABASE_USER', clusterEndpoint.hostname)}"`,
      `export RESCUE_DATABASE__REPLICA_URL="${ledgerUrl('$DATABASE_USER', clusterReadEndpoint.hostname)}"`,
      'exec gunicorn --config python:webui.api.gunicorn',
    ];
    const given = Object.entries(parameter.secrets ?? {}).map(([name, arn]) => [
      name,
      ecs.Secret.fromSecretsManager(Secret.fromSecretCompleteArn(this, name, arn)),
    ]);
    return {
      entryPoint: ['/bin/sh', '-ec', begin.join('\n')],
      environment: { ...parameter.settings, ...this.both(parameter) },
      secrets: {
        ...Object.fromEntries(given),
        DATABASE_USER: ecs.Secret.fromSecretsManager(ledger.appUser, 'username'),
        RESCUE_DATABASE__PASSWORD: ecs.Secret.fromSecretsManager(ledger.appUser, 'password'),
        RESCUE_WEB__JWT_KEY: ecs.Secret.fromSecretsManager(security.jwtKey),
      },
    };
  }

  private both({ site }: AppParameter): Record<string, string> {
    return {
      // CloudFront and the load balancer: each adds the address of whom it heard.
      RESCUE_WEB__PROXY_HOPS: '2',
      RESCUE_WEB__TRUSTED_HOSTS: JSON.stringify([site.domainName, site.originDomainName]),
    };
  }

  /** A role of another stack, to which this stack gives rights by policies of its own. */
  private here(id: string, role: IRole): IRole {
    const known = Role.fromRoleArn(this, `${id}Role`, role.roleArn);
    const { account, region } = Stack.of(this);
    const streams = `arn:aws:logs:${region}:${account}:log-group:${written(this.sessions)}:*`;
    acknowledge(known, {
      [wildcard('*')]:
        'ecr:GetAuthorizationToken, logs:DescribeLogGroups and ssmmessages know no resources.',
      [wildcard(streams)]: 'Each session writes a stream of this one log.',
    });
    return known;
  }

  /** The secrets are encrypted by a key of ours; through Secrets Manager, and no other way, it may be used. */
  private letItRead(role: IRole, keys: Keys): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [keys.data.keyArn],
        conditions: {
          StringEquals: { 'kms:ViaService': `secretsmanager.${this.region}.amazonaws.com` },
        },
      }),
    );
  }

  private order(executionRole: IRole): void {
    for (const { service } of [this.front, this.back]) {
      service.node.addDependency(this.entrance.listener);
      service.node.addDependency(this.migration.resource);
    }
    // The task cannot start before its images and secrets may be read.
    this.migration.resource.node.addDependency(executionRole);
  }
}
