import { Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface NetworkProps {
  readonly cidr: string;
  readonly availabilityZones: readonly string[];
  readonly flowLogs: ILogGroup;
}

export const PUBLIC = { subnetGroupName: 'public' };
export const APP = { subnetGroupName: 'app' };
export const DATABASE = { subnetGroupName: 'database' };

/** A VPC over two zones in three tiers; what leaves the app tier leaves by the gateway of its own zone. */
export class Network extends Construct {
  readonly vpc: ec2.Vpc;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(props.cidr),
      availabilityZones: [...props.availabilityZones],
      // One for each zone: a zone that fails does not take the other one's way out with it.
      natGateways: props.availabilityZones.length,
      restrictDefaultSecurityGroup: true,
      subnetConfiguration: [
        {
          name: 'public',
          cidrMask: 24,
          subnetType: ec2.SubnetType.PUBLIC,
          mapPublicIpOnLaunch: false,
        },
        { name: 'app', cidrMask: 23, subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
        { name: 'database', cidrMask: 24, subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      ],
      gatewayEndpoints: {
        S3: { service: ec2.GatewayVpcEndpointAwsService.S3, subnets: [APP] },
      },
    });
    this.watch(props.flowLogs);
    this.addEndpoints(props.cidr);
  }

  private watch(logGroup: ILogGroup): void {
    const role: IRole = new Role(this, 'FlowLogRole', {
      assumedBy: new ServicePrincipal('vpc-flow-logs.amazonaws.com'),
    });
    this.vpc.addFlowLog('FlowLog', {
      destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup, role),
      trafficType: ec2.FlowLogTrafficType.ALL,
    });
  }

  /** Images, logs and sessions stay inside, and cost no NAT traffic. */
  private addEndpoints(cidr: string): void {
    const group = new ec2.SecurityGroup(this, 'EndpointGroup', {
      vpc: this.vpc,
      description: 'Endpoints of AWS services, for what runs in this VPC',
      allowAllOutbound: false,
    });
    group.addIngressRule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(443), 'TLS from inside of the VPC');
    const services = {
      Ssm: ec2.InterfaceVpcEndpointAwsService.SSM,
      SsmMessages: ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
      Ec2Messages: ec2.InterfaceVpcEndpointAwsService.EC2_MESSAGES,
      EcrApi: ec2.InterfaceVpcEndpointAwsService.ECR,
      EcrDocker: ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
      Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    };
    for (const [name, service] of Object.entries(services)) {
      const endpoint = this.vpc.addInterfaceEndpoint(name, {
        service,
        subnets: APP,
        securityGroups: [group],
        open: false,
        privateDnsEnabled: true,
      });
      Tags.of(endpoint).add('Name', `${this.node.path}/${name}`);
    }
  }
}
