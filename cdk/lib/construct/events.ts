import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge } from '../acknowledge';

export interface EventsProps {
  readonly parameter: AppParameter;
  readonly key: IKey;
}

/**
 * The queue that the engine on a Salt master reads.
 *
 * Where another deployment has one (salt.queueArn), it is that one, and its own rules fill it; else one is made here
 * and filled with the alarms of this account.
 */
export class Events extends Construct {
  readonly queue: IQueue;
  readonly dead?: IQueue;

  constructor(scope: Construct, id: string, props: EventsProps) {
    super(scope, id);
    const { queueArn } = props.parameter.salt;
    if (queueArn) {
      this.queue = Queue.fromQueueArn(this, 'Queue', queueArn);
      return;
    }
    const common = {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: props.key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    };
    this.dead = new Queue(this, 'Dead', common);
    acknowledge(this.dead, { 'AwsSolutions-SQS3': 'It is a dead-letter queue itself.' });
    this.queue = new Queue(this, 'Queue', {
      ...common,
      visibilityTimeout: Duration.seconds(60),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: 10 },
    });
    new Rule(this, 'Alarms', {
      description: 'Changes of alarms, to the engine of Rescue Bot',
      eventPattern: {
        source: ['aws.cloudwatch'],
        detailType: ['CloudWatch Alarm State Change', 'CloudWatch Alarm Contributor State Change'],
      },
      targets: [
        new SqsQueue(this.queue, {
          deadLetterQueue: this.dead as Queue,
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
        }),
      ],
    });
  }
}
