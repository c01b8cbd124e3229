/** SPEC B5 and B6; see rows.ts. */
import { AppParameter } from '../parameter';
import { need, one, Row } from './rows';
import { all, Json, Resource, Templates, text } from './templates';

const journals = (templates: Templates): Resource[] => all(templates, 'AWS::Logs::LogGroup');

function logGroup(templates: Templates, name: RegExp): Resource {
  return one(
    journals(templates).filter((each) => name.test(each.properties.LogGroupName ?? '')),
    `log group ${name}`,
  );
}

function rangeOf({ envName }: AppParameter): [number, number] {
  return envName === 'dev' ? [1, 3] : [15, 30];
}

export const operations: Row[] = [
  {
    row: 'B5',
    asked: 'logs of ECS, RDS and VPC flow logs in CloudWatch',
    find: (templates) => {
      const flow = logGroup(templates, /\/flow$/);
      const flowLog = one(all(templates, 'AWS::EC2::FlowLog'), 'flow log');
      need(flowLog.properties.TrafficType === 'ALL', 'all traffic');
      const exported = one(all(templates, 'AWS::RDS::DBCluster'), 'cluster').properties;
      need(
        text(exported.EnableCloudwatchLogsExports) === '["audit","error","slowquery"]',
        'Aurora',
      );
      const ecs = ['front', 'back', 'migration', 'sessions'].map((name) =>
        logGroup(templates, new RegExp(`^/rescuebot/[a-z]+/${name}$`)),
      );
      for (const task of all(templates, 'AWS::ECS::TaskDefinition')) {
        for (const each of task.properties.ContainerDefinitions) {
          need(
            each.LogConfiguration?.LogDriver === 'awslogs',
            `${task.id}: ${each.Name} writes a log`,
          );
        }
      }
      const rds = ['audit', 'error', 'slowquery'].map((kind) =>
        logGroup(templates, new RegExp(`^/aws/rds/cluster/rescuebot-[a-z]+/${kind}$`)),
      );
      return [flow, flowLog, ...ecs, ...rds];
    },
  },
  {
    row: 'B5',
    asked: 'retention: dev 1 to 3 days, prod 15 to 30',
    find: (templates, parameter) => {
      const [least, most] = rangeOf(parameter);
      const found = journals(templates);
      need(found.length >= 10, 'all of them');
      for (const each of found) {
        const days = each.properties.RetentionInDays;
        need(days >= least && days <= most, `${each.id}: ${days} days`);
      }
      return found;
    },
  },
  {
    row: 'B5',
    asked: 'then S3 Glacier, by log_processor (flow logs are deleted)',
    find: (templates, { logs }) => {
      const [bucket] = all(templates, 'AWS::S3::Bucket', 'operations').filter((each) =>
        each.id.startsWith('LogArchiveBucket'),
      );
      const rule = bucket?.properties.LifecycleConfiguration.Rules.find(
        (each: Json) => each.Prefix === 'logs/',
      );
      const [move] = rule?.Transitions ?? [];
      need(move?.StorageClass === 'GLACIER', 'Glacier');
      need(move?.TransitionInDays === logs.retentionDays, 'when CloudWatch forgets them');
      need(rule?.ExpirationInDays > logs.retentionDays, 'and at last they go');
      const filters = all(templates, 'AWS::Logs::SubscriptionFilter');
      need(filters.length === 6, 'six logs are kept');
      need(
        filters.every((each) => text(each.properties.DestinationArn).includes('Processor')),
        'by it',
      );
      return [bucket as Resource, ...filters];
    },
  },
  {
    row: 'B5',
    asked: 'alarms → Slack through AWS Chatbot (Amazon Q Developer in chat applications)',
    find: (templates, { chat }) => {
      const topic = one(
        all(templates, 'AWS::SNS::Topic').filter((each) =>
          /operations$/.test(each.properties.TopicName),
        ),
        'topic',
      );
      const alarms = all(templates, 'AWS::CloudWatch::Alarm');
      for (const prefix of WATCHED) {
        need(
          alarms.some((each) => each.properties.AlarmName.split('-').pop().startsWith(prefix)),
          `alarm ${prefix}`,
        );
      }
      for (const each of alarms) {
        need(text(each.properties.AlarmActions).includes(topic.id), `${each.id} is told`);
      }
      const found = all(templates, 'AWS::Chatbot::SlackChannelConfiguration');
      need(found.length === (chat ? 1 : 0), 'a channel, where one is named');
      for (const each of found) {
        need(text(each.properties.SnsTopicArns).includes(topic.id), 'it hears the topic');
        need(
          text(each.properties.GuardrailPolicies).includes('CloudWatchReadOnlyAccess'),
          'it looks only',
        );
      }
      return [topic, ...found, ...alarms];
    },
  },
  {
    row: 'B5',
    asked:
      'Python Lambdas: log_processor, custom_resource (and slack_notifier for notices of ours)',
    find: (templates, { notices }) => {
      const found = [
        'custom_resource',
        'log_processor',
        ...(notices ? ['slack_notifier'] : []),
      ].map((name) =>
        one(
          all(templates, 'AWS::Lambda::Function').filter(
            (each) => each.properties.Handler === `${name}.handler.handle`,
          ),
          name,
        ),
      );
      for (const each of found) {
        need(each.properties.Runtime === 'python3.13', `${each.id}: Python`);
        need(
          text(each.properties.Architectures) === '["arm64"]',
          `${each.id}: as its zip is built`,
        );
      }
      const resource = one(all(templates, 'Custom::RescueMigration'), 'migration');
      need(
        text(resource.properties.ServiceToken).includes(found[0]?.id ?? '-'),
        'custom_resource does it',
      );
      for (const each of all(templates, 'AWS::ECS::Service')) {
        need(each.whole.DependsOn.includes(resource.id), `${each.id} waits for the tables`);
      }
      return [...found, resource];
    },
  },
];

/** What is wanted at least; the names of the alarms begin so. */
const WATCHED = [
  'LoadBalancer5xx',
  'Api5xx',
  'BackUnhealthy',
  'FrontUnhealthy',
  'BackCpu',
  'BackMemory',
  'FrontCpu',
  'FrontMemory',
  'DatabaseCpu',
  'DatabaseCapacity',
  'LogProcessorErrors',
  'LogProcessorDead',
  'LogProcessorPoisoned',
  'MigrationErrors',
  'MigrationDead',
];

const WHERE: Readonly<Record<string, string>> = {
  'AWS::EC2::VPC': 'network',
  'AWS::EC2::SecurityGroup': 'security',
  'AWS::RDS::DBCluster': 'database',
  'AWS::ElasticLoadBalancingV2::LoadBalancer': 'application',
  'AWS::ECS::Cluster': 'application',
  'AWS::CloudFront::Distribution': 'distribution',
  'AWS::WAFv2::WebACL': 'edge',
  'AWS::CloudWatch::Alarm': 'operations',
};

export const stacks: Row[] = [
  {
    row: 'B6',
    asked: 'stacks: VPC · security · database · application · distribution and operations',
    find: (templates) =>
      Object.entries(WHERE).map(([type, stack]) => {
        const found = all(templates, type);
        const [first] = found.filter((each) => each.stack === stack);
        need(first, `${type} is in ${stack}`);
        need(
          type === 'AWS::EC2::SecurityGroup' || found.every((each) => each.stack === stack),
          `${type} is in ${stack} only`,
        );
        return first as Resource;
      }),
  },
];
