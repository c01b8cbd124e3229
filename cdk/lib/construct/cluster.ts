import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IVpc } from 'aws-cdk-lib/aws-ec2';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { Journal } from './journal';

export interface ClusterProps {
  readonly parameter: AppParameter;
  readonly vpc: IVpc;
  readonly logKey: IKey;
}

/** Fargate and nothing else: no instance can be put into it. What is typed in a session is written down. */
export class Cluster extends Construct {
  readonly cluster: ecs.Cluster;
  readonly sessions: ILogGroup;

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id);
    this.sessions = new Journal(this, 'Sessions', {
      name: `/rescuebot/${props.parameter.envName}/sessions`,
      parameter: props.parameter,
      key: props.logKey,
    }).logGroup;
    this.cluster = new ecs.Cluster(this, 'Cluster', {
      clusterName: `rescuebot-${props.parameter.envName}`,
      vpc: props.vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
      enableFargateCapacityProviders: true,
      executeCommandConfiguration: {
        kmsKey: props.logKey,
        logging: ecs.ExecuteCommandLogging.OVERRIDE,
        logConfiguration: { cloudWatchLogGroup: this.sessions, cloudWatchEncryptionEnabled: true },
      },
    });
  }
}
