import { Duration } from 'aws-cdk-lib';
import * as cw from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { IQueue } from 'aws-cdk-lib/aws-sqs';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { HttpCodeElb, HttpCodeTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { ConsoleService } from './console-service';
import { Entrance } from './entrance';
import { Ledger } from './ledger';
import { POISONED } from './log-archive';
import { PythonFunction } from './python-function';

export interface AlarmsProps {
  readonly parameter: AppParameter;
  readonly topic: ITopic;
  readonly entrance: Entrance;
  readonly services: Readonly<Record<string, ConsoleService>>;
  readonly ledger: Ledger;
  readonly functions: Readonly<Record<string, PythonFunction>>;
  /** Dead letters of others: something was lost if there is one. */
  readonly queues: Readonly<Record<string, IQueue>>;
}

interface Limit {
  readonly metric: cw.IMetric;
  readonly over: number;
  readonly says: string;
  readonly periods?: number;
  readonly silence?: cw.TreatMissingData;
}

const MINUTE = { period: Duration.minutes(1) };
const FIVE = { period: Duration.minutes(5) };

/** What somebody has to know of. Each alarm goes to the topic when it comes and when it goes. */
export class Alarms extends Construct {
  private readonly action: SnsAction;
  private readonly prefix: string;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.action = new SnsAction(props.topic);
    this.prefix = `rescuebot-${props.parameter.envName}`;
    this.watchEntrance(props.entrance);
    for (const [name, service] of Object.entries(props.services)) {
      this.watchService(name, service);
    }
    this.watchLedger(props);
    for (const [name, made] of Object.entries(props.functions)) {
      this.watchFunction(name, made);
    }
    this.add('LogProcessorPoisoned', {
      metric: POISONED,
      over: 1,
      says: 'Logs came that cannot be read: they lie in the bucket under poison/, for 14 days',
    });
    for (const [name, queue] of Object.entries(props.queues)) {
      this.watchQueue(name, queue);
    }
  }

  private watchEntrance({ loadBalancer, back, front }: Entrance): void {
    this.add('LoadBalancer5xx', {
      metric: loadBalancer.metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, FIVE),
      over: 10,
      says: 'Nobody behind the load balancer answers',
    });
    this.add('Api5xx', {
      metric: back.metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, FIVE),
      over: 10,
      says: 'The API answers with errors',
    });
    for (const [name, targets] of Object.entries({ Back: back, Front: front })) {
      this.add(`${name}Unhealthy`, {
        metric: targets.metrics.unhealthyHostCount({ ...MINUTE, statistic: 'Maximum' }),
        over: 1,
        periods: 3,
        says: `A task of ${name.toLowerCase()} does not answer its health check`,
      });
    }
  }

  private watchService(name: string, { service }: ConsoleService): void {
    this.add(`${name}Cpu`, {
      metric: service.metricCpuUtilization(FIVE),
      over: 85,
      periods: 3,
      says: `Tasks of ${name.toLowerCase()} have too little CPU, and scaling has not helped`,
    });
    this.add(`${name}Memory`, {
      metric: service.metricMemoryUtilization(FIVE),
      over: 85,
      periods: 3,
      says: `Tasks of ${name.toLowerCase()} have too little memory`,
    });
  }

  private watchLedger({ ledger }: AlarmsProps): void {
    const { cluster } = ledger;
    this.add('DatabaseCpu', {
      metric: cluster.metricCPUUtilization(FIVE),
      over: 85,
      periods: 3,
      says: 'Aurora has too little CPU',
    });
    this.add('DatabaseCapacity', {
      metric: cluster.metricACUUtilization({ ...FIVE, statistic: 'Maximum' }),
      over: 95,
      periods: 3,
      says: 'Aurora is at the end of its capacity: raise database.maxAcu',
    });
    this.add('DatabaseConnections', {
      metric: cluster.metricDatabaseConnections({ ...FIVE, statistic: 'Maximum' }),
      over: 80,
      says: 'Many connections: tasks times their pools, and the Salt masters',
    });
    this.add('DatabaseReplicaLag', {
      metric: cluster.metric('AuroraReplicaLagMaximum', { ...FIVE, statistic: 'Maximum' }),
      over: 10_000,
      says: 'The dashboard reads a reader that is 10 seconds late',
    });
  }

  private watchFunction(name: string, made: PythonFunction): void {
    this.add(`${name}Errors`, {
      metric: made.function.metricErrors(FIVE),
      over: 1,
      says: `${name} has failed`,
    });
    this.add(`${name}Throttles`, {
      metric: made.function.metricThrottles(FIVE),
      over: 1,
      says: `${name} was not let run`,
    });
    this.watchQueue(name, made.dead);
  }

  private watchQueue(name: string, queue: IQueue): void {
    this.add(`${name}Dead`, {
      metric: queue.metricApproximateNumberOfMessagesVisible({ ...MINUTE, statistic: 'Maximum' }),
      over: 1,
      says: `There are dead letters of ${name}: mend the cause, then redrive them`,
    });
  }

  private add(id: string, { metric, over, says, periods, silence }: Limit): void {
    const alarm = new cw.Alarm(this, id, {
      alarmName: `${this.prefix}-${id}`,
      alarmDescription: says,
      metric,
      threshold: over,
      comparisonOperator: cw.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods ?? 1,
      treatMissingData: silence ?? cw.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(this.action);
    alarm.addOkAction(this.action);
  }
}
