import * as path from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, OriginGroup, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge } from '../acknowledge';
import { API_PATHS, ORIGIN_HEADER } from './entrance';
import { StaticContent } from './static-content';

export interface DeliveryProps {
  readonly parameter: AppParameter;
  readonly content: StaticContent;
  readonly certificate: ICertificate;
  readonly webAclArn: string;
  readonly originWord: ISecret;
}

const EDGE = path.join(__dirname, '../../edge');
/** What the load balancer says when nobody stands behind it, or nobody answers. */
const AWAY = [502, 503, 504];
/** What S3 says of a file that is not there to somebody who may not list. */
const MISSING = [403, 404];
const TWO_YEARS = Duration.days(730);

/**
 * CloudFront: the API uncached and untouched, pages with the sorry page behind them, files from S3.
 *
 * There are no error pages of the distribution: they would replace the API's own answers, which say what is wrong.
 */
export class Delivery extends Construct {
  readonly distribution: cloudfront.Distribution;

  private readonly app: cloudfront.IOrigin;
  private readonly files: cloudfront.IOrigin;

  constructor(scope: Construct, id: string, props: DeliveryProps) {
    super(scope, id);
    this.app = this.appOrigin(props);
    this.files = S3BucketOrigin.withOriginAccessControl(props.content.bucket, {
      originAccessLevels: [cloudfront.AccessLevel.READ],
    });
    this.distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: `Rescue Bot ${props.parameter.envName}`,
      domainNames: [props.parameter.site.domainName],
      certificate: props.certificate,
      minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      // With it come the edges of Japan and Korea.
      priceClass: cloudfront.PriceClass.PRICE_CLASS_200,
      webAclId: props.webAclArn,
      logBucket: props.content.logs,
      logFilePrefix: 'cloudfront/',
      defaultBehavior: this.pages(),
      additionalBehaviors: {
        'assets/*': this.assets(),
        ...Object.fromEntries(API_PATHS.map((at) => [at.slice(1), this.api()])),
      },
    });
    acknowledge(this.distribution, {
      'AwsSolutions-CFR1': 'Whoever is on call may be anywhere; the console asks who they are.',
    });
  }

  private appOrigin({ parameter, originWord }: DeliveryProps): cloudfront.IOrigin {
    return new HttpOrigin(parameter.site.originDomainName, {
      protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
      originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
      // Live streams beat every 15 seconds.
      readTimeout: Duration.seconds(60),
      keepaliveTimeout: Duration.seconds(50),
      connectionAttempts: 2,
      connectionTimeout: Duration.seconds(5),
      // A reference that CloudFormation resolves; the word itself is in no file.
      customHeaders: { [ORIGIN_HEADER]: originWord.secretValue.unsafeUnwrap() },
    });
  }

  private api(): cloudfront.BehaviorOptions {
    return {
      origin: this.app,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
      cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
      originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      responseHeadersPolicy: this.transport,
      compress: false,
    };
  }

  private pages(): cloudfront.BehaviorOptions {
    return {
      origin: new OriginGroup({
        primaryOrigin: this.app,
        fallbackOrigin: this.files,
        fallbackStatusCodes: AWAY,
      }),
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      allowedMethods: cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
      // Each page carries a nonce of its own. Nothing of the request is passed on: a page does not depend on it,
      // and S3, which may have to answer, would stumble over what is not for it.
      cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
      responseHeadersPolicy: this.transport,
      compress: false,
      functionAssociations: [
        {
          eventType: cloudfront.FunctionEventType.VIEWER_REQUEST,
          function: this.edge('Pages', 'pages.js'),
        },
        {
          eventType: cloudfront.FunctionEventType.VIEWER_RESPONSE,
          function: this.edge('Sorry', 'sorry.js'),
        },
      ],
    };
  }

  private assets(): cloudfront.BehaviorOptions {
    return {
      // While a deployment is half done, and where nothing was uploaded, the front end has them.
      origin: new OriginGroup({
        primaryOrigin: this.files,
        fallbackOrigin: this.app,
        fallbackStatusCodes: MISSING,
      }),
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED,
      responseHeadersPolicy: new cloudfront.ResponseHeadersPolicy(this, 'FileHeaders', {
        comment: 'What the app says of its files; where it has said it, its own words stay',
        securityHeadersBehavior: {
          contentTypeOptions: { override: false },
          frameOptions: { frameOption: cloudfront.HeadersFrameOption.DENY, override: false },
          referrerPolicy: {
            referrerPolicy: cloudfront.HeadersReferrerPolicy.NO_REFERRER,
            override: false,
          },
          contentSecurityPolicy: {
            contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
            override: false,
          },
          strictTransportSecurity: {
            accessControlMaxAge: TWO_YEARS,
            includeSubdomains: true,
            override: false,
          },
        },
        customHeadersBehavior: {
          customHeaders: [
            { header: 'Cross-Origin-Resource-Policy', value: 'same-origin', override: false },
          ],
        },
      }),
    };
  }

  /** The one header that the app leaves out: with two proxies before it, it cannot know of TLS. */
  private get transport(): cloudfront.ResponseHeadersPolicy {
    const id = 'Transport';
    const made = this.node.tryFindChild(id) as cloudfront.ResponseHeadersPolicy | undefined;
    return (
      made ??
      new cloudfront.ResponseHeadersPolicy(this, id, {
        comment: 'HTTPS from now on; all other headers are those of the app',
        securityHeadersBehavior: {
          strictTransportSecurity: {
            accessControlMaxAge: TWO_YEARS,
            includeSubdomains: true,
            override: false,
          },
        },
      })
    );
  }

  private edge(id: string, file: string): cloudfront.Function {
    return new cloudfront.Function(this, id, {
      code: cloudfront.FunctionCode.fromFile({ filePath: path.join(EDGE, file) }),
      runtime: cloudfront.FunctionRuntime.JS_2_0,
    });
  }
}
