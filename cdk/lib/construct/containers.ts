import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { APP_PORT } from './firewalls';
import { DATABASE_NAME } from './ledger';

const CERTIFICATES = 'certificates';
/** The bundle of Amazon's database certificates, which the toolbox brings. */
const BUNDLE = '/certificates/rds.pem';

/** A log that cannot be written fast enough must not make the API wait. */
export function logsTo(logGroup: ILogGroup, streamPrefix: string): ecs.LogDriver {
  return ecs.LogDrivers.awsLogs({
    logGroup,
    streamPrefix,
    mode: ecs.AwsLogDriverMode.NON_BLOCKING,
  });
}

/** The last line of a migration must not be lost: somebody waits for it. */
export function logsWhole(logGroup: ILogGroup, streamPrefix: string): ecs.LogDriver {
  return ecs.LogDrivers.awsLogs({
    logGroup,
    streamPrefix,
    mode: ecs.AwsLogDriverMode.BLOCKING,
  });
}

/** A URL of the ledger; the server has to prove who it is. The password is a setting of its own. */
export function ledgerUrl(user: string, host: string): string {
  return `mysql+pymysql://${user}@${host}:3306/${DATABASE_NAME}?ssl_ca=${BUNDLE}`;
}

/** What the image promises: no root, nothing written, nothing but its one process. */
export function appContainer(
  task: ecs.FargateTaskDefinition,
  props: Partial<ecs.ContainerDefinitionOptions> & Pick<ecs.ContainerDefinitionOptions, 'image'>,
): ecs.ContainerDefinition {
  return task.addContainer('app', {
    essential: true,
    user: '10001:10001',
    readonlyRootFilesystem: true,
    ...props,
    // The one place that can be written is /dev/shm; the heartbeat of the worker is there, too.
    environment: { TMPDIR: '/dev/shm', ...props.environment },
    stopTimeout: Duration.seconds(30),
    linuxParameters: dropEverything(task),
  });
}

export function listens(container: ecs.ContainerDefinition): void {
  container.addPortMappings({ containerPort: APP_PORT, protocol: ecs.Protocol.TCP });
}

/** The same question that the image asks itself; ECS does not read it from there. */
export const ALIVE: ecs.HealthCheck = {
  command: ['CMD', 'python', '-m', 'webui.healthcheck'],
  interval: Duration.seconds(15),
  timeout: Duration.seconds(5),
  retries: 3,
  startPeriod: Duration.seconds(30),
};

function dropEverything(task: ecs.FargateTaskDefinition): ecs.LinuxParameters {
  const parameters = new ecs.LinuxParameters(task, 'AppLimits', { initProcessEnabled: true });
  parameters.dropCapabilities(ecs.Capability.ALL);
  return parameters;
}

/** Before the app begins: the certificates of Aurora, from the toolbox into a folder that both see. */
export function bringCertificates(
  task: ecs.FargateTaskDefinition,
  app: ecs.ContainerDefinition,
  toolbox: ecs.ContainerImage,
  logging: ecs.LogDriver,
): ecs.ContainerDefinition {
  task.addVolume({ name: CERTIFICATES });
  const mount = { sourceVolume: CERTIFICATES, containerPath: '/certificates' };
  const bringer = task.addContainer('certificates', {
    image: toolbox,
    essential: false,
    user: '0',
    entryPoint: ['cp'],
    command: ['/usr/share/rescuebot/rds.pem', BUNDLE],
    readonlyRootFilesystem: true,
    memoryReservationMiB: 16,
    logging,
  });
  bringer.addMountPoints({ ...mount, readOnly: false });
  app.addMountPoints({ ...mount, readOnly: true });
  app.addContainerDependencies({
    container: bringer,
    condition: ecs.ContainerDependencyCondition.SUCCESS,
  });
  return bringer;
}

/**
 * The bastion: it sleeps, and whoever has the right comes in by `aws ecs execute-command`.
 *
 * Its files can be written, because the agent of ECS Exec writes; the app's cannot, so nobody comes in there.
 */
export function addBastion(
  task: ecs.FargateTaskDefinition,
  toolbox: ecs.ContainerImage,
  logging: ecs.LogDriver,
): void {
  task.addContainer('bastion', {
    image: toolbox,
    essential: false,
    entryPoint: ['sleep'],
    command: ['infinity'],
    memoryReservationMiB: 64,
    memoryLimitMiB: 256,
    linuxParameters: new ecs.LinuxParameters(task, 'BastionLimits', { initProcessEnabled: true }),
    logging,
  });
}
