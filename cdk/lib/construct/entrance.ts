import { Duration, RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import {
  Certificate,
  CertificateValidation,
  ICertificate,
} from 'aws-cdk-lib/aws-certificatemanager';
import { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge } from '../acknowledge';
import { APP_PORT } from './firewalls';
import { PUBLIC } from './network';

export interface EntranceProps {
  readonly parameter: AppParameter;
  readonly vpc: IVpc;
  readonly group: ISecurityGroup;
  /** What CloudFront says in each request, so that no other distribution is listened to. */
  readonly originWord: SecretValue;
}

export const ORIGIN_HEADER = 'X-Rescue-Origin';
/** Everything that the API answers; all else is a page. */
export const API_PATHS = ['/api/*', '/health', '/health/*', '/metrics'];

/** The load balancer: to HTTPS, from CloudFront only, by path to the API or to the pages. */
export class Entrance extends Construct {
  readonly loadBalancer: elb.ApplicationLoadBalancer;
  readonly back: elb.ApplicationTargetGroup;
  readonly front: elb.ApplicationTargetGroup;
  /** What the services have to wait for, so that their targets belong to a load balancer. */
  readonly listener: elb.ApplicationListener;

  constructor(scope: Construct, id: string, props: EntranceProps) {
    super(scope, id);
    this.loadBalancer = this.makeLoadBalancer(props);
    this.back = this.targets('Back', props.vpc);
    this.front = this.targets('Front', props.vpc);
    this.loadBalancer.addListener('Http', {
      port: 80,
      open: false,
      defaultAction: elb.ListenerAction.redirect({
        protocol: 'HTTPS',
        port: '443',
        host: props.parameter.site.domainName,
        permanent: true,
      }),
    });
    this.listener = this.loadBalancer.addListener('Https', {
      port: 443,
      open: false,
      certificates: [this.certificate(props.parameter)],
      sslPolicy: elb.SslPolicy.TLS13_RES,
      // Whoever does not know the word is nobody's guest.
      defaultAction: elb.ListenerAction.fixedResponse(403, {
        contentType: 'text/plain',
        messageBody: 'Forbidden',
      }),
    });
    this.addRules(props);
  }

  private addRules({ originWord, parameter }: EntranceProps): void {
    // The template holds a reference, which CloudFormation resolves; the word itself is in no file.
    const known = elb.ListenerCondition.httpHeader(ORIGIN_HEADER, [originWord.unsafeUnwrap()]);
    this.listener.addAction('Api', {
      priority: 10,
      conditions: [known, elb.ListenerCondition.pathPatterns(API_PATHS)],
      action: elb.ListenerAction.forward([this.back]),
    });
    if (parameter.maintenance) {
      // 503 makes CloudFront show the sorry page in the place of the console.
      this.listener.addAction('Maintenance', {
        priority: 15,
        conditions: [known],
        action: elb.ListenerAction.fixedResponse(503, {
          contentType: 'text/plain',
          messageBody: 'Maintenance',
        }),
      });
    }
    this.listener.addAction('Pages', {
      priority: 20,
      conditions: [known],
      action: elb.ListenerAction.forward([this.front]),
    });
  }

  private makeLoadBalancer(props: EntranceProps): elb.ApplicationLoadBalancer {
    const made = new elb.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc: props.vpc,
      vpcSubnets: PUBLIC,
      internetFacing: true,
      securityGroup: props.group,
      dropInvalidHeaderFields: true,
      // gunicorn keeps connections for 75 seconds; the load balancer has to give up first.
      idleTimeout: Duration.seconds(60),
      deletionProtection: props.parameter.keepData,
    });
    const logs = new Bucket(this, 'AccessLogs', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      // Load balancers write with the keys of S3 and with no other.
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(90) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(logs, { 'AwsSolutions-S1': 'It is where access is logged to.' });
    made.logAccessLogs(logs);
    return made;
  }

  private targets(id: string, vpc: IVpc): elb.ApplicationTargetGroup {
    return new elb.ApplicationTargetGroup(this, `${id}Targets`, {
      vpc,
      port: APP_PORT,
      protocol: elb.ApplicationProtocol.HTTP,
      targetType: elb.TargetType.IP,
      // As long as gunicorn gives to what is still being answered, and a little more.
      deregistrationDelay: Duration.seconds(30),
      healthCheck: {
        path: '/health',
        healthyHttpCodes: '200',
        interval: Duration.seconds(15),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
      },
    });
  }

  private certificate({ site }: AppParameter): ICertificate {
    if (!site.zone) {
      const arn = site.certificates?.originArn ?? '';
      return Certificate.fromCertificateArn(this, 'Certificate', arn);
    }
    const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', {
      hostedZoneId: site.zone.id,
      zoneName: site.zone.name,
    });
    new ARecord(this, 'Record', {
      zone,
      recordName: site.originDomainName,
      target: RecordTarget.fromAlias(new LoadBalancerTarget(this.loadBalancer)),
      comment: `${Stack.of(this).stackName}: what CloudFront asks`,
    });
    return new Certificate(this, 'Certificate', {
      domainName: site.originDomainName,
      validation: CertificateValidation.fromDns(zone),
    });
  }
}
