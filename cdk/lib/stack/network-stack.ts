import { Stack, StackProps } from 'aws-cdk-lib';
import { IVpc } from 'aws-cdk-lib/aws-ec2';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge } from '../acknowledge';
import { Journal } from '../construct/journal';
import { Keys } from '../construct/keys';
import { Network } from '../construct/network';

export interface NetworkStackProps extends StackProps {
  readonly parameter: AppParameter;
}

/** The ground: a VPC with its ways in and out, and the keys that all the rest is encrypted with. */
export class NetworkStack extends Stack {
  readonly vpc: IVpc;
  readonly keys: Keys;
  readonly flowLogs: ILogGroup;

  private readonly zones: readonly string[];

  constructor(scope: Construct, id: string, props: NetworkStackProps) {
    super(scope, id, props);
    const { parameter } = props;
    this.zones = parameter.availabilityZones;
    this.keys = new Keys(this, 'Keys');
    this.flowLogs = new Journal(this, 'FlowLogs', {
      name: `/rescuebot/${parameter.envName}/flow`,
      parameter,
      key: this.keys.operations,
    }).logGroup;
    this.vpc = new Network(this, 'Network', {
      cidr: parameter.vpcCidr,
      availabilityZones: parameter.availabilityZones,
      flowLogs: this.flowLogs,
    }).vpc;
    acknowledge(this, {
      'CloudFormation-Validate::W3010': 'The two zones are named in parameter.ts (SPEC B1).',
    });
  }

  /** As parameter.ts names them: nothing is looked up, so a synthesis needs no account. */
  override get availabilityZones(): string[] {
    return [...this.zones];
  }
}
