import { Stack, StackProps } from 'aws-cdk-lib';
import {
  Certificate,
  CertificateValidation,
  ICertificate,
} from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { Journal } from '../construct/journal';
import { WebAcl } from '../construct/web-acl';

export interface EdgeStackProps extends StackProps {
  readonly parameter: AppParameter;
}

/** What CloudFront wants to have in us-east-1: its firewall and its certificate. Nothing else is there. */
export class EdgeStack extends Stack {
  readonly webAclArn: string;
  /** Undefined where parameter.ts names a certificate that exists already. */
  readonly certificate?: ICertificate;

  constructor(scope: Construct, id: string, props: EdgeStackProps) {
    super(scope, id, props);
    const { parameter } = props;
    const { logGroup } = new Journal(this, 'WebAclLog', {
      name: `aws-waf-logs-rescuebot-${parameter.envName}`,
      parameter,
    });
    this.webAclArn = new WebAcl(this, 'WebAcl', {
      name: `rescuebot-${parameter.envName}`,
      rateLimit: parameter.rateLimit,
      logGroup,
    }).arn;
    if (parameter.site.zone) {
      const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', {
        hostedZoneId: parameter.site.zone.id,
        zoneName: parameter.site.zone.name,
      });
      this.certificate = new Certificate(this, 'Certificate', {
        domainName: parameter.site.domainName,
        validation: CertificateValidation.fromDns(zone),
      });
    }
  }
}
