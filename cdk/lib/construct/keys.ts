import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/**
 * Two keys: what the ledger holds, and what is told of it (logs, alarms, notices).
 *
 * Their policies are whole here. Other stacks get them as keys that take no more statements: a role of theirs is allowed
 * by its own policy, and a key that named it would make the stacks depend on each other in a circle.
 */
export class Keys extends Construct {
  readonly data: IKey;
  readonly operations: IKey;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const data = this.key('Data', 'Aurora and secrets');
    const operations = this.key('Operations', 'Logs, topics and queues');
    this.letServicesIn(operations);
    this.data = Key.fromKeyArn(this, 'DataAsItIs', data.keyArn);
    this.operations = Key.fromKeyArn(this, 'OperationsAsItIs', operations.keyArn);
  }

  private key(id: string, description: string): Key {
    return new Key(this, id, {
      description: `${Stack.of(this).stackName}: ${description}`,
      enableKeyRotation: true,
      // Buckets with logs stay behind a stack, in dev as well, and without their key nobody could read them.
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  private letServicesIn(key: Key): void {
    const { region } = Stack.of(this);
    const groups = Stack.of(this).formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: '*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'LogGroupsOfThisAccount',
        principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
        actions: [
          'kms:Encrypt',
          'kms:Decrypt',
          'kms:ReEncrypt*',
          'kms:GenerateDataKey*',
          'kms:DescribeKey',
        ],
        // In a key's policy the resource is the key itself.
        resources: ['*'],
        conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
      }),
    );
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'WhoPublishesAndSends',
        principals: ['cloudwatch', 'events', 'sns'].map(
          (name) => new ServicePrincipal(`${name}.amazonaws.com`),
        ),
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        // The policies of topics and queues say whose alarms and rules may come; not each service names itself here.
        resources: ['*'],
      }),
    );
  }
}
