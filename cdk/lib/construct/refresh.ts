import { Duration, TimeZone } from 'aws-cdk-lib';
import { FargateService } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { Universal } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';

export interface RefreshProps {
  readonly service: FargateService;
}

/**
 * Once a week the tasks are replaced, one after another, so that they know the password of today.
 *
 * The password before it holds for 30 days more, so nothing fails in between; see Ledger.
 */
export class Refresh extends Construct {
  constructor(scope: Construct, id: string, { service }: RefreshProps) {
    super(scope, id);
    new Schedule(this, 'Weekly', {
      description: 'The tasks of the API read their secrets anew',
      schedule: ScheduleExpression.cron({
        weekDay: 'TUE',
        hour: '4',
        minute: '30',
        timeZone: TimeZone.ASIA_TOKYO,
      }),
      target: new Universal({
        service: 'ecs',
        action: 'updateService',
        input: ScheduleTargetInput.fromObject({
          Cluster: service.cluster.clusterArn,
          Service: service.serviceArn,
          ForceNewDeployment: true,
        }),
        maxEventAge: Duration.hours(2),
        retryAttempts: 3,
        policyStatements: [
          new PolicyStatement({ actions: ['ecs:UpdateService'], resources: [service.serviceArn] }),
        ],
      }),
    });
  }
}
