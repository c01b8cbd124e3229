import { Duration } from 'aws-cdk-lib';
import { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { IRole } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge } from '../acknowledge';
import { addBastion, ALIVE, appContainer, bringCertificates, listens, logsTo } from './containers';
import { APP_PORT } from './firewalls';
import { Journal } from './journal';
import { APP } from './network';

export interface ConsoleServiceProps {
  readonly parameter: AppParameter;
  readonly cluster: ecs.ICluster;
  readonly image: ecs.ContainerImage;
  readonly toolbox: ecs.ContainerImage;
  readonly entryPoint: string[];
  readonly environment: Record<string, string>;
  readonly secrets?: Record<string, ecs.Secret>;
  /** Whether it speaks to Aurora, and so needs Aurora's certificates. */
  readonly needsLedger: boolean;
  readonly targets: ApplicationTargetGroup;
  readonly group: ISecurityGroup;
  readonly taskRole: IRole;
  readonly executionRole: IRole;
  readonly logKey: IKey;
}

/** A half of the console: tasks behind the load balancer, replaced one after another, a bastion in each. */
export class ConsoleService extends Construct {
  readonly service: ecs.FargateService;
  readonly logGroup: ILogGroup;

  constructor(scope: Construct, id: string, props: ConsoleServiceProps) {
    super(scope, id);
    const { envName, service } = props.parameter;
    this.logGroup = new Journal(this, 'Log', {
      name: `/rescuebot/${envName}/${id.toLowerCase()}`,
      parameter: props.parameter,
      key: props.logKey,
    }).logGroup;
    this.service = new ecs.FargateService(this, 'Service', {
      cluster: props.cluster,
      taskDefinition: this.makeTask(props),
      desiredCount: service.desired,
      // A new task is healthy before an old one goes.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.seconds(60),
      vpcSubnets: APP,
      securityGroups: [props.group],
      assignPublicIp: false,
      enableExecuteCommand: true,
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
      propagateTags: ecs.PropagatedTagSource.SERVICE,
      enableECSManagedTags: true,
    });
    // By name: the sidecar listens to nothing, and the container must not be chosen by its place.
    props.targets.addTarget(
      this.service.loadBalancerTarget({ containerName: 'app', containerPort: APP_PORT }),
    );
    this.scale(props);
  }

  private makeTask(props: ConsoleServiceProps): ecs.FargateTaskDefinition {
    const { service } = props.parameter;
    const task = new ecs.FargateTaskDefinition(this, 'Task', {
      cpu: service.cpu,
      memoryLimitMiB: service.memoryMiB,
      taskRole: props.taskRole,
      executionRole: props.executionRole,
      runtimePlatform: {
        cpuArchitecture: ecs.CpuArchitecture.X86_64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
    });
    const app = appContainer(task, {
      image: props.image,
      entryPoint: props.entryPoint,
      environment: props.environment,
      secrets: props.secrets,
      healthCheck: ALIVE,
      logging: logsTo(this.logGroup, 'app'),
    });
    listens(app);
    if (props.needsLedger) {
      bringCertificates(task, app, props.toolbox, logsTo(this.logGroup, 'certificates'));
    }
    addBastion(task, props.toolbox, logsTo(this.logGroup, 'bastion'));
    acknowledge(task, {
      'AwsSolutions-ECS2':
        'They are addresses and numbers; what is secret comes from Secrets Manager.',
    });
    return task;
  }

  private scale({ parameter }: ConsoleServiceProps): void {
    const scaling = this.service.autoScaleTaskCount({
      minCapacity: parameter.service.desired,
      maxCapacity: parameter.service.most,
    });
    const calm = { scaleInCooldown: Duration.minutes(5), scaleOutCooldown: Duration.minutes(1) };
    scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60, ...calm });
    scaling.scaleOnMemoryUtilization('Memory', { targetUtilizationPercent: 75, ...calm });
  }
}
