import { CfnOutput } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge, wildcard } from '../acknowledge';
import { Ledger } from './ledger';

export interface MasterAccessProps {
  readonly parameter: AppParameter;
  readonly ledger: Ledger;
  readonly queue: IQueue;
  readonly topics: readonly ITopic[];
  readonly dataKey: IKey;
  readonly operationsKey: IKey;
}

/** A policy to attach to the role of a Salt master, and the addresses that its settings need. */
export class MasterAccess extends Construct {
  readonly policy: ManagedPolicy;

  constructor(scope: Construct, id: string, props: MasterAccessProps) {
    super(scope, id);
    const { ledger, queue, topics } = props;
    this.policy = new ManagedPolicy(this, 'Policy', {
      managedPolicyName: `rescuebot-${props.parameter.envName}-master`,
      description: 'What the engine of Rescue Bot on a Salt master needs',
      statements: this.statements(props),
    });
    acknowledge(this.policy, {
      [wildcard('*')]: 'cloudwatch:DescribeAlarms is asked for alarms of any name.',
    });
    const told: Record<string, string> = {
      DatabaseHost: ledger.cluster.clusterEndpoint.hostname,
      DatabaseReader: ledger.cluster.clusterReadEndpoint.hostname,
      DatabaseSecret: (ledger.appUser as ISecret).secretArn,
      QueueArn: queue.queueArn,
      QueueUrl: queue.queueUrl,
      MasterPolicy: this.policy.managedPolicyArn,
      ...Object.fromEntries(topics.map((topic, at) => [`NoticeTopic${at}`, topic.topicArn])),
    };
    for (const [name, value] of Object.entries(told)) {
      new CfnOutput(this, name, { value });
    }
  }

  private statements(props: MasterAccessProps): PolicyStatement[] {
    const topics = props.topics.map((topic) => topic.topicArn);
    return [
      new PolicyStatement({
        sid: 'Queue',
        actions: [
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          'sqs:ChangeMessageVisibility',
          'sqs:GetQueueAttributes',
        ],
        resources: [props.queue.queueArn],
      }),
      new PolicyStatement({
        sid: 'CompositeAlarms',
        actions: ['cloudwatch:DescribeAlarms'],
        resources: ['*'],
      }),
      new PolicyStatement({
        sid: 'Password',
        actions: ['secretsmanager:GetSecretValue'],
        resources: [props.ledger.appUser.secretArn],
      }),
      new PolicyStatement({
        sid: 'Keys',
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: [props.dataKey.keyArn, props.operationsKey.keyArn],
      }),
      ...(topics.length > 0
        ? [new PolicyStatement({ sid: 'Notices', actions: ['sns:Publish'], resources: topics })]
        : []),
    ];
  }
}
