import { Stack, StackProps } from 'aws-cdk-lib';
import { IVpc } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { Firewalls } from '../construct/firewalls';
import { Keys } from '../construct/keys';
import { Ledger } from '../construct/ledger';
import { asItIs } from '../groups';

export interface DatabaseStackProps extends StackProps {
  readonly parameter: AppParameter;
  readonly vpc: IVpc;
  readonly keys: Keys;
  readonly firewalls: Firewalls;
}

/** Aurora, its users and their passwords. */
export class DatabaseStack extends Stack {
  readonly ledger: Ledger;

  constructor(scope: Construct, id: string, props: DatabaseStackProps) {
    super(scope, id, props);
    this.ledger = new Ledger(this, 'Ledger', {
      parameter: props.parameter,
      vpc: props.vpc,
      group: asItIs(this, 'DatabaseGroup', props.firewalls.database),
      appGroup: asItIs(this, 'AppGroup', props.firewalls.app),
      dataKey: props.keys.data,
      logKey: props.keys.operations,
    });
  }
}
