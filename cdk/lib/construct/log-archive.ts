import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { FilterPattern, ILogGroup, SubscriptionFilter } from 'aws-cdk-lib/aws-logs';
import { LambdaDestination } from 'aws-cdk-lib/aws-logs-destinations';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge, wildcard, written } from '../acknowledge';
import { PythonFunction } from './python-function';

export interface LogArchiveProps {
  readonly parameter: AppParameter;
  readonly logKey: IKey;
  readonly logGroups: Readonly<Record<string, ILogGroup>>;
}

const PREFIXES = ['logs/*', 'poison/*'];
const RAW_DAYS = 14;

/** Payloads that nobody could read; log_processor counts them itself, for no log group in particular. */
export const POISONED = new Metric({
  namespace: 'RescueBot',
  metricName: 'Poisoned',
  dimensionsMap: { log_group: 'none', service: 'log_processor' },
  statistic: 'Sum',
  period: Duration.minutes(5),
});

/** Logs past their days in CloudWatch: redacted and counted by log_processor, kept in S3, later in Glacier. */
export class LogArchive extends Construct {
  readonly bucket: s3.Bucket;
  readonly processor: PythonFunction;

  constructor(scope: Construct, id: string, props: LogArchiveProps) {
    super(scope, id);
    this.bucket = this.makeBucket(props);
    this.processor = new PythonFunction(this, 'Processor', {
      folder: 'log_processor',
      description: 'Redacts, counts and keeps log lines',
      parameter: props.parameter,
      logKey: props.logKey,
      memoryMiB: 1024,
      timeout: Duration.seconds(120),
      environment: { BUCKET: this.bucket.bucketName },
    });
    this.processor.allow(
      new PolicyStatement({
        actions: ['s3:PutObject'],
        resources: PREFIXES.map((prefix) => this.bucket.arnForObjects(prefix)),
      }),
    );
    props.logKey.grantEncryptDecrypt(this.processor.role);
    for (const prefix of PREFIXES) {
      acknowledge(this.processor.role, {
        [wildcard(`${written(this.bucket, 'Arn')}/${prefix}`)]:
          'Objects are named by what is in them.',
      });
    }
    this.subscribe(props.logGroups);
  }

  private makeBucket({ parameter, logKey }: LogArchiveProps): s3.Bucket {
    const { retentionDays, glacierDays } = parameter.logs;
    const access = new s3.Bucket(this, 'Access', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(90) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(access, { 'AwsSolutions-S1': 'It is where access is logged to.' });
    return new s3.Bucket(this, 'Bucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: logKey,
      bucketKeyEnabled: true,
      enforceSSL: true,
      serverAccessLogsBucket: access,
      lifecycleRules: [
        {
          id: 'logs',
          prefix: 'logs/',
          // As soon as CloudWatch has forgotten them, they are cheap, and at last they go.
          transitions: [
            {
              storageClass: s3.StorageClass.GLACIER,
              transitionAfter: Duration.days(retentionDays),
            },
          ],
          expiration: Duration.days(retentionDays + glacierDays),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
        // What could not be read, as it came: not redacted, so not for long.
        { id: 'poison', prefix: 'poison/', expiration: Duration.days(RAW_DAYS) },
      ],
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  private subscribe(logGroups: Readonly<Record<string, ILogGroup>>): void {
    for (const [name, logGroup] of Object.entries(logGroups)) {
      new SubscriptionFilter(this, name, {
        logGroup,
        destination: new LambdaDestination(this.processor.function),
        filterPattern: FilterPattern.allEvents(),
      });
    }
  }
}
