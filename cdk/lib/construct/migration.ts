import { ArnFormat, CustomResource, Duration, Stack } from 'aws-cdk-lib';
import { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge, wildcard } from '../acknowledge';
import { appContainer, bringCertificates, ledgerUrl, logsWhole } from './containers';
import { Journal } from './journal';
import { DATABASE_NAME } from './ledger';
import { APP } from './network';
import { PythonFunction } from './python-function';

export interface MigrationProps {
  readonly parameter: AppParameter;
  readonly vpc: IVpc;
  readonly cluster: ecs.ICluster;
  readonly image: ecs.ContainerImage;
  readonly toolbox: ecs.ContainerImage;
  readonly host: string;
  readonly owner: ISecret;
  readonly appUser: ISecret;
  readonly group: ISecurityGroup;
  readonly taskRole: IRole;
  readonly executionRole: IRole;
  readonly logKey: IKey;
}

const LONGEST = Duration.minutes(15);

/**
 * At each deployment of a new image: the tables are brought to what it needs, before a task of it begins.
 *
 * A one-off task of Fargate does it; the Lambda behind the custom resource starts it, waits, and always answers.
 */
export class Migration extends Construct {
  readonly resource: CustomResource;
  readonly handler: PythonFunction;
  readonly task: ecs.FargateTaskDefinition;
  readonly logGroup: ILogGroup;

  constructor(scope: Construct, id: string, props: MigrationProps) {
    super(scope, id);
    this.logGroup = new Journal(this, 'Log', {
      name: `/rescuebot/${props.parameter.envName}/migration`,
      parameter: props.parameter,
      key: props.logKey,
    }).logGroup;
    this.task = this.makeTask(props);
    this.handler = new PythonFunction(this, 'Handler', {
      folder: 'custom_resource',
      description: 'Runs the migrations of a deployment as a task',
      parameter: props.parameter,
      logKey: props.logKey,
      memoryMiB: 256,
      timeout: LONGEST,
    });
    this.allow(props);
    this.resource = new CustomResource(this, 'Migrated', {
      resourceType: 'Custom::RescueMigration',
      serviceToken: this.handler.function.functionArn,
      // Longer than the function can take: CloudFormation must not give up before it has answered.
      serviceTimeout: Duration.seconds(960),
      properties: {
        Cluster: props.cluster.clusterArn,
        TaskDefinition: this.task.taskDefinitionArn,
        Container: 'app',
        Subnets: props.vpc.selectSubnets(APP).subnetIds,
        SecurityGroups: [props.group.securityGroupId],
        LogGroup: this.logGroup.logGroupName,
        LogStreamPrefix: 'app',
      },
    });
  }

  private makeTask(props: MigrationProps): ecs.FargateTaskDefinition {
    const task = new ecs.FargateTaskDefinition(this, 'Task', {
      // Fixed, so that the function may start this family and no other.
      family: `rescuebot-${props.parameter.envName}-migration`,
      cpu: 256,
      memoryLimitMiB: 512,
      taskRole: props.taskRole,
      executionRole: props.executionRole,
    });
    const app = appContainer(task, {
      image: props.image,
      entryPoint: ['python', '-m', 'rescuebot.migrations'],
      environment: { RESCUE_DATABASE__URL: ledgerUrl('rescue', props.host) },
      secrets: {
        RESCUE_DATABASE__PASSWORD: ecs.Secret.fromSecretsManager(props.owner, 'password'),
      },
      logging: logsWhole(this.logGroup, 'app'),
    });
    bringCertificates(task, app, props.toolbox, logsWhole(this.logGroup, 'certificates'));
    this.addAccounts(task, app, props);
    acknowledge(task, {
      'AwsSolutions-ECS2': 'They are addresses and names; passwords come from Secrets Manager.',
    });
    return task;
  }

  /** The app's user, made before the tables: it may read and write rows, and nothing else. */
  private addAccounts(
    task: ecs.FargateTaskDefinition,
    app: ecs.ContainerDefinition,
    props: MigrationProps,
  ): void {
    const accounts = task.addContainer('accounts', {
      image: props.toolbox,
      essential: false,
      entryPoint: ['/usr/local/bin/accounts.sh'],
      environment: { DATABASE_HOST: props.host, DATABASE_NAME },
      secrets: {
        OWNER_USER: ecs.Secret.fromSecretsManager(props.owner, 'username'),
        OWNER_PASSWORD: ecs.Secret.fromSecretsManager(props.owner, 'password'),
        APP_USER: ecs.Secret.fromSecretsManager(props.appUser, 'username'),
        APP_PASSWORD: ecs.Secret.fromSecretsManager(props.appUser, 'password'),
      },
      readonlyRootFilesystem: true,
      logging: logsWhole(this.logGroup, 'accounts'),
    });
    app.addContainerDependencies({
      container: accounts,
      condition: ecs.ContainerDependencyCondition.SUCCESS,
    });
  }

  private allow({ cluster, taskRole, executionRole, parameter }: MigrationProps): void {
    const stack = Stack.of(this);
    const name = `rescuebot-${parameter.envName}`;
    const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
    const family = stack.formatArn({
      service: 'ecs',
      resource: 'task-definition',
      resourceName: `${name}-migration:*`,
    });
    const tasks = stack.formatArn({
      service: 'ecs',
      resource: 'task',
      resourceName: `${name}/*`,
    });
    const streams = stack.formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: `/rescuebot/${parameter.envName}/migration:log-stream:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.handler.allow(
      new PolicyStatement({ actions: ['ecs:RunTask'], resources: [family], conditions: inCluster }),
      new PolicyStatement({
        actions: ['ecs:DescribeTasks'],
        resources: [tasks],
        conditions: inCluster,
      }),
      // The task carries the tags of its definition.
      new PolicyStatement({
        actions: ['ecs:TagResource'],
        resources: [tasks],
        conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
      }),
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [taskRole.roleArn, executionRole.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      }),
      new PolicyStatement({ actions: ['logs:GetLogEvents'], resources: [streams] }),
    );
    acknowledge(this.handler.role, {
      [wildcard(family)]: 'Each deployment makes a revision of this one family.',
      [wildcard(tasks)]: 'Tasks of this one cluster; their names are not known before.',
      [wildcard(streams)]: 'Each task writes a stream of this one log.',
    });
  }
}
