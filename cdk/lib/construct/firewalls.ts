import { IVpc, ISecurityGroup, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge';

export const APP_PORT = 5000;
export const DATABASE_PORT = 3306;

export interface FirewallsProps {
  readonly vpc: IVpc;
  readonly cloudFrontPrefixListId: string;
  readonly saltCidrs: readonly string[];
  readonly saltGroupIds: readonly string[];
}

/** Who may speak to whom. All rules are here, and what uses a group adds none. */
export class Firewalls extends Construct {
  readonly loadBalancer: ISecurityGroup;
  readonly app: ISecurityGroup;
  readonly database: ISecurityGroup;

  constructor(scope: Construct, id: string, props: FirewallsProps) {
    super(scope, id);
    const loadBalancer = this.group('LoadBalancer', props.vpc, 'The load balancer of the console');
    const app = this.group('App', props.vpc, 'Tasks of Fargate: console, API, bastion, migration');
    const database = this.group('Database', props.vpc, 'Aurora');

    // Port 80 answers nothing but where to go. Port 443 is for CloudFront, and asks for its secret as well.
    loadBalancer.addIngressRule(Peer.anyIpv4(), Port.tcp(80), 'Redirected to HTTPS');
    loadBalancer.addIngressRule(
      Peer.prefixList(props.cloudFrontPrefixListId),
      Port.tcp(443),
      'CloudFront',
    );
    loadBalancer.addEgressRule(app, Port.tcp(APP_PORT), 'To the tasks');
    app.addIngressRule(loadBalancer, Port.tcp(APP_PORT), 'From the load balancer');
    app.addEgressRule(database, Port.tcp(DATABASE_PORT), 'To Aurora');
    app.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS, Slack, an identity provider');
    database.addIngressRule(app, Port.tcp(DATABASE_PORT), 'From the tasks of Fargate');
    this.letSaltIn(database, props);

    acknowledge(loadBalancer, {
      'AwsSolutions-EC23': 'Port 80 is open to the world and only redirects to HTTPS (SPEC B4).',
    });
    this.loadBalancer = loadBalancer;
    this.app = app;
    this.database = database;
  }

  /** Nobody but Fargate reaches the ledger, unless somebody names Salt masters in parameter.ts. */
  private letSaltIn(database: SecurityGroup, props: FirewallsProps): void {
    for (const cidr of props.saltCidrs) {
      database.addIngressRule(Peer.ipv4(cidr), Port.tcp(DATABASE_PORT), 'From Salt masters');
    }
    for (const groupId of props.saltGroupIds) {
      database.addIngressRule(
        Peer.securityGroupId(groupId),
        Port.tcp(DATABASE_PORT),
        'From Salt masters',
      );
    }
  }

  private group(id: string, vpc: IVpc, description: string): SecurityGroup {
    return new SecurityGroup(this, id, { vpc, description, allowAllOutbound: false });
  }
}
