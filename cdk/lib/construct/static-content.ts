import * as path from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge';

export interface StaticContentProps {
  readonly removalPolicy: RemovalPolicy;
  /** The folder of the console's built files. Without it the front end serves all of them itself. */
  readonly assets?: string;
}

const SORRY = path.join(__dirname, '../../static');

/** Files that need no task: what the console was built into, and the page for the day on which it is away. */
export class StaticContent extends Construct {
  readonly bucket: IBucket;
  /** Access to the bucket and to CloudFront is written down here. */
  readonly logs: IBucket;

  constructor(scope: Construct, id: string, props: StaticContentProps) {
    super(scope, id);
    const closed = {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
    };
    this.logs = new Bucket(this, 'Logs', {
      ...closed,
      // CloudFront's standard log is given to a bucket by an ACL.
      objectOwnership: ObjectOwnership.OBJECT_WRITER,
      lifecycleRules: [{ expiration: Duration.days(90) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(this.logs, { 'AwsSolutions-S1': 'It is where access is logged to.' });
    const bucket = new Bucket(this, 'Bucket', {
      ...closed,
      versioned: true,
      serverAccessLogsBucket: this.logs,
      serverAccessLogsPrefix: 's3/',
      lifecycleRules: [
        {
          noncurrentVersionExpiration: Duration.days(30),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: props.removalPolicy,
      autoDeleteObjects: props.removalPolicy === RemovalPolicy.DESTROY,
    });
    this.bucket = bucket;
    this.fill(bucket, props.assets);
  }

  private fill(bucket: Bucket, assets?: string): void {
    new BucketDeployment(this, 'Sorry', {
      destinationBucket: bucket,
      sources: [Source.asset(SORRY)],
      prune: false,
      memoryLimit: 256,
      contentType: 'text/html; charset=utf-8',
      cacheControl: [CacheControl.noStore()],
      // By this the function at the edge knows the page, and gives it the status 503.
      metadata: { sorry: 'yes' },
    });
    if (assets) {
      new BucketDeployment(this, 'Assets', {
        destinationBucket: bucket,
        destinationKeyPrefix: 'assets/',
        sources: [Source.asset(assets, { exclude: ['*.gz'] })],
        // Their names have a hash of what is in them; those of yesterday are still asked for today.
        prune: false,
        memoryLimit: 512,
        cacheControl: [CacheControl.fromString('public, max-age=31536000, immutable')],
      });
    }
  }
}
