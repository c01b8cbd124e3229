import { Duration } from 'aws-cdk-lib';
import { IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Function, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge, wildAction, wildcard } from '../acknowledge';
import { zip } from '../lambdas';
import { Journal } from './journal';

export interface PythonFunctionProps {
  /** Under lambdas/. */
  readonly folder: string;
  readonly description: string;
  readonly parameter: AppParameter;
  readonly logKey: IKey;
  readonly memoryMiB: number;
  readonly timeout: Duration;
  readonly environment?: Record<string, string>;
  readonly reservedConcurrency?: number;
}

/** A function of lambdas/, with a role, a log and a dead-letter queue of its own. */
export class PythonFunction extends Construct {
  readonly function: Function;
  readonly role: IRole;
  readonly dead: IQueue;
  readonly logGroup: ILogGroup;

  constructor(scope: Construct, id: string, props: PythonFunctionProps) {
    super(scope, id);
    const name = `rescuebot-${props.parameter.envName}-${props.folder.replaceAll('_', '-')}`;
    this.logGroup = new Journal(this, 'Log', {
      name: `/aws/lambda/${name}`,
      parameter: props.parameter,
      key: props.logKey,
    }).logGroup;
    this.dead = this.makeQueue(props.logKey);
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: props.description,
    });
    this.logGroup.grantWrite(this.role);
    this.function = new Function(this, 'Function', {
      functionName: name,
      description: props.description,
      runtime: Runtime.PYTHON_3_13,
      architecture: Architecture.ARM_64,
      handler: `${props.folder}.handler.handle`,
      code: zip(this, props.folder),
      role: this.role,
      logGroup: this.logGroup,
      memorySize: props.memoryMiB,
      timeout: props.timeout,
      environment: props.environment,
      reservedConcurrentExecutions: props.reservedConcurrency,
      tracing: Tracing.ACTIVE,
      retryAttempts: 2,
      onFailure: new SqsDestination(this.dead),
    });
    acknowledge(this.function, {
      'AwsSolutions-L1': 'Python 3.13 is what its zip is built and tested for.',
    });
    acknowledge(this.role, {
      [wildcard('*')]: 'X-Ray knows no resources.',
      [wildAction('kms:GenerateDataKey*')]:
        'Two actions of one kind, on one key: for dead letters.',
      [wildAction('kms:ReEncrypt*')]: 'Two actions of one kind, on one key: for dead letters.',
    });
  }

  allow(...statements: PolicyStatement[]): void {
    for (const statement of statements) {
      this.role.addToPrincipalPolicy(statement);
    }
  }

  private makeQueue(key: IKey): Queue {
    const queue = new Queue(this, 'Dead', {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      retentionPeriod: Duration.days(14),
      enforceSSL: true,
    });
    acknowledge(queue, { 'AwsSolutions-SQS3': 'It is a dead-letter queue itself.' });
    return queue;
  }
}
