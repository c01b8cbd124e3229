import { Stack } from 'aws-cdk-lib';
import { SlackChannelConfiguration, LoggingLevel } from 'aws-cdk-lib/aws-chatbot';
import { ManagedPolicy, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';

export interface AlarmTopicProps {
  readonly parameter: AppParameter;
  readonly key: IKey;
}

/** Alarms to people: a topic, and behind it Slack by Amazon Q Developer in chat applications (AWS Chatbot). */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: AlarmTopicProps) {
    super(scope, id);
    const { chat, alarmEmail, envName } = props.parameter;
    this.topic = new Topic(this, 'Topic', {
      topicName: `rescuebot-${envName}-operations`,
      masterKey: props.key,
      enforceSSL: true,
    });
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    if (alarmEmail) {
      this.topic.addSubscription(new EmailSubscription(alarmEmail));
    }
    if (chat) {
      new SlackChannelConfiguration(this, 'Slack', {
        slackChannelConfigurationName: `rescuebot-${envName}`,
        slackWorkspaceId: chat.workspaceId,
        slackChannelId: chat.channelId,
        notificationTopics: [this.topic],
        loggingLevel: LoggingLevel.ERROR,
        // From Slack one may look at alarms and their graphs, whatever role the channel is given later.
        guardrailPolicies: [ManagedPolicy.fromAwsManagedPolicyName('CloudWatchReadOnlyAccess')],
      });
    }
  }
}
