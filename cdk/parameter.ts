/**
 * What differs between environments: values, never code. Edit this file before you deploy.
 *
 * The digests of the images are the one thing that changes with every deployment; they come from the
 * environment (RESCUE_IMAGE_DIGEST, RESCUE_TOOLBOX_DIGEST), see lib/images.ts.
 */

/** Where people reach the console, and how its certificates come to be. */
export interface SiteParameter {
  /** What people type. It leads to CloudFront. */
  readonly domainName: string;
  /** What CloudFront asks. It leads to the load balancer, and its certificate has to name it. */
  readonly originDomainName: string;
  /** A public zone of Route 53 that holds both names: certificates and records are made by us. */
  readonly zone?: { readonly id: string; readonly name: string };
  /** Without a zone: certificates that exist already. The records are then yours to make. */
  readonly certificates?: {
    /** In the region of the load balancer, for originDomainName. */
    readonly originArn: string;
    /** In us-east-1, as CloudFront wants it, for domainName. */
    readonly edgeArn: string;
  };
}

/** An image in ECR of this account and region. */
export interface ImageParameter {
  readonly repository: string;
  readonly digest: string;
}

/** Who else may reach the ledger, beside Fargate: the Salt masters. By default nobody. */
export interface SaltParameter {
  /** Networks of masters that are peered with this VPC. */
  readonly peerCidrs: readonly string[];
  /** Security groups of masters inside of this VPC, or of a peered VPC of this region. */
  readonly securityGroupIds: readonly string[];
  /** The queue of another deployment (Terraform). Without it a queue is made here. */
  readonly queueArn?: string;
}

export interface AppParameter {
  readonly envName: 'dev' | 'prod';
  readonly env: { readonly account: string; readonly region: string };
  /** Exactly two. They are named here, so that nothing has to be looked up. */
  readonly availabilityZones: readonly [string, string];
  /** A VPC of the same range cannot be peered with this one. */
  readonly vpcCidr: string;
  /** `aws ec2 describe-managed-prefix-lists` shows the id of com.amazonaws.global.cloudfront.origin-facing. */
  readonly cloudFrontPrefixListId: string;
  readonly site: SiteParameter;
  readonly images: { readonly app: ImageParameter; readonly toolbox: ImageParameter };
  readonly service: {
    readonly cpu: 256 | 512 | 1024 | 2048 | 4096;
    readonly memoryMiB: number;
    /** Of each service: two or more, one in each zone. */
    readonly desired: number;
    readonly most: number;
  };
  readonly database: {
    readonly minAcu: number;
    readonly maxAcu: number;
    readonly backupDays: number;
  };
  readonly logs: {
    /** In CloudWatch: dev 1 to 3 days, prod 15 to 30. */
    readonly retentionDays: 1 | 3 | 14 | 30;
    /** In S3 Glacier, after that. */
    readonly glacierDays: number;
  };
  /** Requests of one address in five minutes, until it is refused. */
  readonly rateLimit: number;
  /** True protects what holds data and keeps it when a stack is deleted. */
  readonly keepData: boolean;
  /** True shows the sorry page instead of the console; the API goes on. */
  readonly maintenance: boolean;
  readonly salt: SaltParameter;
  /** Amazon Q Developer in chat applications; the workspace must be let in once by hand. */
  readonly chat?: { readonly workspaceId: string; readonly channelId: string };
  /** Alarms also go there, for the day on which Slack is away. */
  readonly alarmEmail?: string;
  /** Rescue Bot's own notices: topics by severity, and slack_notifier behind them. */
  readonly notices?: { readonly webhookSecretArn: string };
  /** More settings of the API (docs/settings.md), none of them secret: RESCUE_WEB__OIDC__ISSUER, … */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * Settings that are secret, by the ARN of a secret that holds the value: RESCUE_SLACK__SIGNING_SECRET, if people
   * shall answer in Slack, RESCUE_WEB__OIDC__CLIENT_SECRET, … They are encrypted by AWS's own key.
   */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** No image has this one: a deployment without digests fails at once, and a synthesis does not. */
export const NO_DIGEST = `sha256:${'0'.repeat(64)}`;

export const devParameter: AppParameter = {
  envName: 'dev',
  env: { account: '123456789012', region: 'ap-northeast-1' },
  availabilityZones: ['ap-northeast-1a', 'ap-northeast-1c'],
  vpcCidr: '10.0.0.0/16',
  cloudFrontPrefixListId: 'pl-58a04531',
  site: {
    domainName: 'rescue-dev.example.com',
    originDomainName: 'origin.rescue-dev.example.com',
    zone: { id: 'Z0123456789EXAMPLE00', name: 'example.com' },
  },
  images: {
    app: { repository: 'rescuebot', digest: NO_DIGEST },
    toolbox: { repository: 'rescuebot-toolbox', digest: NO_DIGEST },
  },
  service: { cpu: 1024, memoryMiB: 2048, desired: 2, most: 4 },
  database: { minAcu: 0.5, maxAcu: 2, backupDays: 7 },
  logs: { retentionDays: 3, glacierDays: 90 },
  rateLimit: 6000,
  keepData: false,
  maintenance: false,
  salt: { peerCidrs: [], securityGroupIds: [] },
};

export const prodParameter: AppParameter = {
  envName: 'prod',
  env: { account: '123456789012', region: 'ap-northeast-1' },
  availabilityZones: ['ap-northeast-1a', 'ap-northeast-1c'],
  vpcCidr: '10.0.0.0/16',
  cloudFrontPrefixListId: 'pl-58a04531',
  site: {
    domainName: 'rescue.example.com',
    originDomainName: 'origin.rescue.example.com',
    zone: { id: 'Z0123456789EXAMPLE00', name: 'example.com' },
  },
  images: {
    app: { repository: 'rescuebot', digest: NO_DIGEST },
    toolbox: { repository: 'rescuebot-toolbox', digest: NO_DIGEST },
  },
  service: { cpu: 1024, memoryMiB: 2048, desired: 2, most: 6 },
  database: { minAcu: 1, maxAcu: 8, backupDays: 14 },
  logs: { retentionDays: 30, glacierDays: 365 },
  rateLimit: 6000,
  keepData: true,
  maintenance: false,
  salt: { peerCidrs: [], securityGroupIds: [] },
  chat: { workspaceId: 'T0123456789', channelId: 'C0123456789' },
};

export const parameters: Readonly<Record<AppParameter['envName'], AppParameter>> = {
  dev: devParameter,
  prod: prodParameter,
};
