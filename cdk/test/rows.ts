/**
 * SPEC B, row by row: what a template has to hold, and the resources that fulfil it.
 *
 * A row says `need(...)` for all that it wants; what it returns is printed and goes to docs/aws-cdk.md.
 */
import { AppParameter } from '../parameter';
import { all, Json, Resource, Templates, text } from './templates';

export interface Row {
  readonly row: string;
  readonly asked: string;
  readonly find: (templates: Templates, parameter: AppParameter) => Resource[];
}

export class Unfulfilled extends Error {}

export function need(truth: unknown, says: string): void {
  if (!truth) {
    throw new Unfulfilled(says);
  }
}

/** All of that type, of which there must be so many. */
function exactly(count: number, found: Resource[], says: string): Resource[] {
  need(found.length === count, `${says}: ${found.length} instead of ${count}`);
  return found;
}

export function one(found: Resource[], says: string): Resource {
  const [first] = exactly(1, found, says);
  return first as Resource;
}

const subnets = (templates: Templates, tier: string): Resource[] =>
  all(templates, 'AWS::EC2::Subnet').filter((each) =>
    each.properties.Tags.some(
      (tag: Json) => tag.Key === 'aws-cdk:subnet-name' && tag.Value === tier,
    ),
  );

function tier(
  templates: Templates,
  parameter: AppParameter,
  name: string,
  size: number,
): Resource[] {
  const found = exactly(2, subnets(templates, name), `subnets ${name}`);
  for (const each of found) {
    need(each.properties.CidrBlock.endsWith(`/${size}`), `${each.id} is /${size}`);
  }
  const zones = found.map((each) => each.properties.AvailabilityZone).sort();
  need(text(zones) === text([...parameter.availabilityZones].sort()), `${name} over both zones`);
  return found;
}

const ENDPOINTS = ['ssm', 'ssmmessages', 'ec2messages', 'ecr.api', 'ecr.dkr', 'logs'];

export const network: Row[] = [
  {
    row: 'B1',
    asked: 'VPC 10.0.0.0/16 in ap-northeast-1',
    find: (templates, { env }) => {
      const vpc = one(all(templates, 'AWS::EC2::VPC'), 'VPC');
      need(vpc.properties.CidrBlock === '10.0.0.0/16', 'the range');
      need(env.region === 'ap-northeast-1', 'the region');
      return [vpc];
    },
  },
  {
    row: 'B1',
    asked: 'public /24 in 1a and 1c',
    find: (templates, parameter) => tier(templates, parameter, 'public', 24),
  },
  {
    row: 'B1',
    asked: 'private app /23 in 1a and 1c',
    find: (templates, parameter) => tier(templates, parameter, 'app', 23),
  },
  {
    row: 'B1',
    asked: 'private database /24 in 1a and 1c, without a way out',
    find: (templates, parameter) => {
      const found = tier(templates, parameter, 'database', 24);
      const ids = found.map((each) => each.id);
      const tables = all(templates, 'AWS::EC2::SubnetRouteTableAssociation')
        .filter((each) => ids.includes(each.properties.SubnetId.Ref))
        .map((each) => each.properties.RouteTableId.Ref);
      const routes = all(templates, 'AWS::EC2::Route').map(
        (each) => each.properties.RouteTableId.Ref,
      );
      need(!tables.some((table) => routes.includes(table)), 'no route leads out');
      return found;
    },
  },
  {
    row: 'B1',
    asked: 'one IGW',
    find: (templates) => [one(all(templates, 'AWS::EC2::InternetGateway'), 'IGW')],
  },
  {
    row: 'B1',
    asked: 'one NAT gateway in each zone, and each app subnet leaves by its own',
    find: (templates) => {
      const found = exactly(2, all(templates, 'AWS::EC2::NatGateway'), 'NAT');
      const used = all(templates, 'AWS::EC2::Route')
        .map((each) => each.properties.NatGatewayId?.Ref)
        .filter(Boolean);
      need(new Set(used).size === 2, 'both are used');
      need(new Set(found.map((each) => each.properties.SubnetId.Ref)).size === 2, 'in two subnets');
      return found;
    },
  },
  {
    row: 'B1',
    asked: 'endpoints ssm, ssmmessages, ec2messages, ecr.api, ecr.dkr, logs; S3 as a gateway',
    find: (templates) => {
      const found = all(templates, 'AWS::EC2::VPCEndpoint');
      const service = (each: Resource): string => text(each.properties.ServiceName);
      for (const name of ENDPOINTS) {
        need(
          found.some(
            (each) =>
              service(each).endsWith(`.${name}"`) &&
              each.properties.VpcEndpointType === 'Interface' &&
              each.properties.PrivateDnsEnabled,
          ),
          `endpoint ${name}`,
        );
      }
      need(
        found.some(
          (each) => service(each).includes('.s3') && each.properties.VpcEndpointType === 'Gateway',
        ),
        'endpoint S3',
      );
      return exactly(7, found, 'endpoints');
    },
  },
];

function container(task: Resource, name: string): Json {
  const found = task.properties.ContainerDefinitions.find((each: Json) => each.Name === name);
  need(found, `${task.id} has a container ${name}`);
  return found;
}

const services = (templates: Templates): Resource[] =>
  exactly(2, all(templates, 'AWS::ECS::Service'), 'services');

function tasks(templates: Templates): Resource[] {
  const used = services(templates).map((each) => each.properties.TaskDefinition.Ref);
  return all(templates, 'AWS::ECS::TaskDefinition').filter((each) => used.includes(each.id));
}

export const compute: Row[] = [
  {
    row: 'B2',
    asked: 'ECS cluster, Fargate only, Container Insights on',
    find: (templates) => {
      const cluster = one(all(templates, 'AWS::ECS::Cluster'), 'cluster');
      need(
        text(cluster.properties.ClusterSettings).includes(
          '{"Name":"containerInsights","Value":"enabled"}',
        ),
        'Container Insights',
      );
      const providers = one(
        all(templates, 'AWS::ECS::ClusterCapacityProviderAssociations'),
        'providers',
      );
      need(
        providers.properties.CapacityProviders.every((name: string) => name.startsWith('FARGATE')),
        'nothing but Fargate',
      );
      need(all(templates, 'AWS::AutoScaling::AutoScalingGroup').length === 0, 'no instances');
      return [cluster, providers];
    },
  },
  {
    row: 'B2',
    asked: '1 vCPU and 2 GB a task',
    find: (templates) => {
      const found = exactly(2, tasks(templates), 'tasks of services');
      for (const each of found) {
        need(
          each.properties.Cpu === '1024' && each.properties.Memory === '2048',
          `${each.id}: size`,
        );
        need(
          text(each.properties.RequiresCompatibilities) === '["FARGATE"]',
          `${each.id}: Fargate`,
        );
      }
      return found;
    },
  },
  {
    row: 'B2',
    asked: 'front end and back end as separate services, each with the bastion beside it',
    find: (templates) => {
      const found = tasks(templates);
      const begins = found.map((each) => text(container(each, 'app').EntryPoint)).sort();
      need(
        begins.some((each) => each.includes('webui.api.gunicorn')),
        'the API',
      );
      need(
        begins.some((each) => each.includes('webui.front.gunicorn')),
        'the pages',
      );
      for (const each of found) {
        const bastion = container(each, 'bastion');
        need(
          text([bastion.EntryPoint, bastion.Command]) === '[["sleep"],["infinity"]]',
          'it sleeps',
        );
        need(bastion.Essential === false, 'its end is not the end of the task');
        need(text(bastion.Image).includes('toolbox'), 'the image with socat');
      }
      return services(templates);
    },
  },
  {
    row: 'B2',
    asked: 'task roles with the permissions of a managed instance of SSM; enableExecuteCommand',
    find: (templates) => {
      const policies = all(templates, 'AWS::IAM::Policy', 'security').filter((each) =>
        [
          'CreateControlChannel',
          'CreateDataChannel',
          'OpenControlChannel',
          'OpenDataChannel',
        ].every((action) => text(each.properties.PolicyDocument).includes(`ssmmessages:${action}`)),
      );
      for (const each of services(templates)) {
        need(each.properties.EnableExecuteCommand === true, `${each.id}: execute command`);
      }
      return [...exactly(2, policies, 'roles with sessions'), ...services(templates)];
    },
  },
  {
    row: 'B2',
    asked:
      'desired count of 2 or more, in the app subnets of both zones, a failed deployment rolls back',
    find: (templates) => {
      for (const each of services(templates)) {
        const { DesiredCount, NetworkConfiguration, DeploymentConfiguration } = each.properties;
        need(DesiredCount >= 2, `${each.id}: count`);
        const { Subnets, AssignPublicIp } = NetworkConfiguration.AwsvpcConfiguration;
        need(Subnets.length === 2 && text(Subnets).includes('appSubnet1'), `${each.id}: subnets`);
        need(text(Subnets).includes('appSubnet2'), `${each.id}: both zones`);
        need(AssignPublicIp === 'DISABLED', `${each.id}: no public address`);
        need(
          DeploymentConfiguration.DeploymentCircuitBreaker.Rollback === true,
          `${each.id}: rollback`,
        );
        need(DeploymentConfiguration.MinimumHealthyPercent === 100, `${each.id}: none goes first`);
      }
      const targets = exactly(
        2,
        all(templates, 'AWS::ApplicationAutoScaling::ScalableTarget'),
        'scaling',
      );
      need(
        targets.every((each) => each.properties.MinCapacity >= 2),
        'scaling leaves two',
      );
      return [...services(templates), ...targets];
    },
  },
];

const cluster = (templates: Templates): Resource =>
  one(all(templates, 'AWS::RDS::DBCluster'), 'database cluster');

function groupOf(resource: Resource, values: Json): string {
  const written = text(values);
  const name = /Firewalls(LoadBalancer|App|Database)/.exec(written)?.[1];
  need(name, `${resource.id} is in one of our groups`);
  return name as string;
}

/** Rules that let somebody in, wherever they are written: by group. */
export function ingress(templates: Templates, group: string): Json[] {
  const apart = all(templates, 'AWS::EC2::SecurityGroupIngress')
    .filter((each) => text(each.properties.GroupId).includes(`Firewalls${group}`))
    .map((each) => each.properties);
  const within = all(templates, 'AWS::EC2::SecurityGroup')
    .filter((each) => each.id.startsWith(`Firewalls${group}`))
    .flatMap((each) => each.properties.SecurityGroupIngress ?? []);
  return [...apart, ...within];
}

export const database: Row[] = [
  {
    row: 'B3',
    asked: 'Aurora MySQL Serverless v2 in the database subnets, a writer and a reader',
    find: (templates) => {
      const found = cluster(templates);
      need(found.properties.Engine === 'aurora-mysql', 'the engine');
      need(found.properties.EngineVersion.startsWith('8.0.mysql_aurora.3'), 'MySQL 8');
      need(found.properties.ServerlessV2ScalingConfiguration.MaxCapacity >= 1, 'serverless');
      const instances = exactly(2, all(templates, 'AWS::RDS::DBInstance'), 'writer and reader');
      need(
        instances.every((each) => each.properties.DBInstanceClass === 'db.serverless'),
        'serverless instances',
      );
      need(
        instances.every((each) => !each.properties.PubliclyAccessible),
        'not from outside',
      );
      const group = one(all(templates, 'AWS::RDS::DBSubnetGroup'), 'subnet group');
      need(
        text(group.properties.SubnetIds).match(/databaseSubnet[12]/g)?.length === 2,
        'both zones',
      );
      return [found, ...instances, group];
    },
  },
  {
    row: 'B3',
    asked: 'inbound 3306 from the Fargate security group only',
    find: (templates, { salt }) => {
      const rules = ingress(templates, 'Database');
      const others = salt.peerCidrs.length + salt.securityGroupIds.length;
      need(rules.length === 1 + others, 'one rule, and those that parameter.ts names');
      const app = rules.find((rule) =>
        text(rule.SourceSecurityGroupId ?? '').includes('FirewallsApp'),
      );
      need(app && app.FromPort === 3306 && app.ToPort === 3306, 'from the tasks, on 3306');
      const found = cluster(templates);
      const { VpcSecurityGroupIds: groups } = found.properties;
      need(
        groups.length === 1 && groupOf(found, groups) === 'Database',
        'the cluster is in that group',
      );
      return all(templates, 'AWS::EC2::SecurityGroupIngress').filter((each) =>
        text(each.properties.GroupId).includes('FirewallsDatabase'),
      );
    },
  },
  {
    row: 'B3',
    asked: 'storage encrypted; TLS needed',
    find: (templates) => {
      const found = cluster(templates);
      need(
        found.properties.StorageEncrypted === true && found.properties.KmsKeyId,
        'by a key of ours',
      );
      const parameters = one(all(templates, 'AWS::RDS::DBClusterParameterGroup'), 'parameters');
      need(parameters.properties.Parameters.require_secure_transport === 'ON', 'TLS');
      need(text(found.properties.DBClusterParameterGroupName).includes(parameters.id), 'in use');
      return [found, parameters];
    },
  },
  {
    row: 'B3',
    asked: 'secret generated and rotated',
    find: (templates) => {
      const secrets = exactly(
        2,
        all(templates, 'AWS::SecretsManager::Secret', 'database'),
        'secrets',
      );
      need(
        secrets.every((each) => each.properties.GenerateSecretString.PasswordLength >= 30),
        'generated',
      );
      need(
        text(cluster(templates).properties.MasterUserPassword).includes('secretsmanager'),
        'in use',
      );
      const rotations = all(templates, 'AWS::SecretsManager::RotationSchedule');
      return [...secrets, ...exactly(2, rotations, 'rotations')];
    },
  },
  {
    row: 'B3',
    asked: 'backups; protected in prod',
    find: (templates, { envName }) => {
      const found = cluster(templates);
      need(found.properties.BackupRetentionPeriod >= 7, 'seven days or more');
      need(found.properties.DeletionProtection === (envName === 'prod'), 'protected in prod');
      const kept = envName === 'prod' ? 'Snapshot' : 'Delete';
      need(found.whole.DeletionPolicy === kept, `when its stack goes: ${kept}`);
      return [found];
    },
  },
];
