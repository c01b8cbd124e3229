import { Stack, StackProps } from 'aws-cdk-lib';
import { IVpc } from 'aws-cdk-lib/aws-ec2';
import { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge } from '../acknowledge';
import { Firewalls } from '../construct/firewalls';
import { Identities } from '../construct/identities';
import { Keys } from '../construct/keys';
import { removalPolicy } from '../removal';

export interface SecurityStackProps extends StackProps {
  readonly parameter: AppParameter;
  readonly vpc: IVpc;
  readonly keys: Keys;
}

/** Who may speak to whom, who may do what, and what only they know. */
export class SecurityStack extends Stack {
  readonly firewalls: Firewalls;
  readonly identities: Identities;
  readonly jwtKey: ISecret;
  readonly originWord: ISecret;

  constructor(scope: Construct, id: string, props: SecurityStackProps) {
    super(scope, id, props);
    const { parameter } = props;
    this.firewalls = new Firewalls(this, 'Firewalls', {
      vpc: props.vpc,
      cloudFrontPrefixListId: parameter.cloudFrontPrefixListId,
      saltCidrs: parameter.salt.peerCidrs,
      saltGroupIds: parameter.salt.securityGroupIds,
    });
    this.identities = new Identities(this, 'Identities');
    this.jwtKey = this.secret('JwtKey', 'Signs the access tokens of people', 64, props);
    this.originWord = this.secret(
      'OriginWord',
      'CloudFront says it to the load balancer',
      48,
      props,
    );
    acknowledge(this.jwtKey, {
      'AwsSolutions-SMG4': 'It is changed after a leak, by a person: see docs/aws-cdk.md.',
    });
    acknowledge(this.originWord, {
      'AwsSolutions-SMG4': 'Both sides learn a new word from a deployment: see docs/aws-cdk.md.',
    });
  }

  private secret(
    id: string,
    description: string,
    length: number,
    props: SecurityStackProps,
  ): Secret {
    return new Secret(this, id, {
      description,
      encryptionKey: props.keys.data,
      generateSecretString: { passwordLength: length, excludePunctuation: true },
      removalPolicy: removalPolicy(props.parameter),
    });
  }
}
