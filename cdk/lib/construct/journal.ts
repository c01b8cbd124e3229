import { RemovalPolicy } from 'aws-cdk-lib';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';

export interface JournalProps {
  readonly name: string;
  readonly parameter: AppParameter;
  readonly key?: IKey;
}

const RETENTION: Readonly<Record<AppParameter['logs']['retentionDays'], RetentionDays>> = {
  1: RetentionDays.ONE_DAY,
  3: RetentionDays.THREE_DAYS,
  14: RetentionDays.TWO_WEEKS,
  30: RetentionDays.ONE_MONTH,
};

/** A log group with the retention of its environment. What must live longer goes to S3, see LogArchive. */
export class Journal extends Construct {
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: JournalProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'LogGroup', {
      logGroupName: props.name,
      retention: RETENTION[props.parameter.logs.retentionDays],
      encryptionKey: props.key,
      // Its name is fixed: one that stayed behind would stand in the way of the next deployment.
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
