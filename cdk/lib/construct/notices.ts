import { CfnOutput, Duration } from 'aws-cdk-lib';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { PythonFunction } from './python-function';

export interface NoticesProps {
  readonly parameter: AppParameter;
  readonly webhookSecretArn: string;
  readonly key: IKey;
}

const SEVERITIES = ['info', 'warning', 'critical', 'fatal'] as const;

/** Rescue Bot's own notices: a topic for each severity, and slack_notifier, which posts to that severity's channel. */
export class Notices extends Construct {
  readonly topics: Topic[];
  readonly notifier: PythonFunction;

  constructor(scope: Construct, id: string, props: NoticesProps) {
    super(scope, id);
    const secret = Secret.fromSecretCompleteArn(this, 'Webhooks', props.webhookSecretArn);
    this.notifier = new PythonFunction(this, 'Notifier', {
      folder: 'slack_notifier',
      description: 'Posts notices into the channel of their severity',
      parameter: props.parameter,
      logKey: props.key,
      memoryMiB: 256,
      timeout: Duration.seconds(30),
      environment: { WEBHOOK_SECRET: secret.secretArn },
      // Slack takes about one message a second and channel.
      reservedConcurrency: 2,
    });
    secret.grantRead(this.notifier.role);
    this.topics = SEVERITIES.map((severity) => {
      const topic = new Topic(this, severity, {
        // The severity is the end of the name: slack_notifier reads it there.
        topicName: `rescuebot-${props.parameter.envName}-${severity}`,
        masterKey: props.key,
        enforceSSL: true,
      });
      topic.addSubscription(new LambdaSubscription(this.notifier.function));
      new CfnOutput(this, `Topic-${severity}`, { value: topic.topicArn });
      return topic;
    });
  }
}
