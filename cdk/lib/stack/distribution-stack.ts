import { CfnOutput, Stack, StackProps } from 'aws-cdk-lib';
import { Certificate, ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AaaaRecord, ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge, wildAction, wildcard, written } from '../acknowledge';
import { Delivery } from '../construct/delivery';
import { StaticContent } from '../construct/static-content';
import { removalPolicy } from '../removal';

export interface DistributionStackProps extends StackProps {
  readonly parameter: AppParameter;
  readonly webAclArn: string;
  readonly certificate?: ICertificate;
  readonly originWord: ISecret;
  readonly assets?: string;
}

/** CloudFront, the bucket behind it, and the name that people type. */
export class DistributionStack extends Stack {
  readonly delivery: Delivery;
  readonly content: StaticContent;

  constructor(scope: Construct, id: string, props: DistributionStackProps) {
    super(scope, id, props);
    const { parameter } = props;
    this.content = new StaticContent(this, 'Content', {
      removalPolicy: removalPolicy(parameter),
      assets: props.assets,
    });
    this.delivery = new Delivery(this, 'Delivery', {
      parameter,
      content: this.content,
      certificate: props.certificate ?? this.known(parameter),
      webAclArn: props.webAclArn,
      originWord: props.originWord,
    });
    this.name(parameter);
    this.acknowledgeHelpers();
    new CfnOutput(this, 'Url', { value: `https://${parameter.site.domainName}` });
    new CfnOutput(this, 'DistributionDomainName', {
      value: this.delivery.distribution.distributionDomainName,
    });
  }

  private known({ site }: AppParameter): ICertificate {
    return Certificate.fromCertificateArn(this, 'Certificate', site.certificates?.edgeArn ?? '');
  }

  private name({ site }: AppParameter): void {
    if (!site.zone) {
      return;
    }
    const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', {
      hostedZoneId: site.zone.id,
      zoneName: site.zone.name,
    });
    const target = RecordTarget.fromAlias(new CloudFrontTarget(this.delivery.distribution));
    new ARecord(this, 'Record', { zone, recordName: site.domainName, target });
    new AaaaRecord(this, 'Record6', { zone, recordName: site.domainName, target });
  }

  /** Functions of the CDK that copy files and empty the bucket: their code and roles are the CDK's. */
  private acknowledgeHelpers(): void {
    const { account, region } = this;
    const copies = "The CDK's own function copies whole folders, from its assets into this bucket.";
    const basic = 'arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
    acknowledge(this, {
      [`AwsSolutions-IAM4[Policy::${basic}]`]:
        "The CDK's own function writes its log by AWS's policy.",
      'AwsSolutions-L1': "The CDK's own functions run on what the CDK was tested with.",
      [wildcard(`${written(this.content.bucket, 'Arn')}/*`)]: copies,
      [wildcard(`arn:aws:s3:::cdk-hnb659fds-assets-${account}-${region}/*`)]: copies,
    });
    for (const action of ['GetObject*', 'GetBucket*', 'List*', 'DeleteObject*', 'Abort*']) {
      acknowledge(this, { [wildAction(`s3:${action}`)]: copies });
    }
  }
}
