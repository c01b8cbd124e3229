import { CfnLoggingConfiguration, CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface WebAclProps {
  readonly name: string;
  /** Of one address, in five minutes. */
  readonly rateLimit: number;
  /** Its name has to begin with aws-waf-logs-. */
  readonly logGroup: ILogGroup;
}

type Rule = CfnWebACL.RuleProperty;
type Statement = CfnWebACL.StatementProperty;

/** Rules that look into bodies. A runbook's script looks like an attack to them, because it is a script. */
const BODY_RULES = {
  AWSManagedRulesCommonRuleSet: [
    'SizeRestrictions_BODY',
    'EC2MetaDataSSRF_BODY',
    'GenericLFI_BODY',
    'GenericRFI_BODY',
    'CrossSiteScripting_BODY',
  ],
  AWSManagedRulesSQLiRuleSet: ['SQLi_BODY'],
  AWSManagedRulesKnownBadInputsRuleSet: ['JavaDeserializationRCE_BODY', 'Log4JRCE_BODY'],
} as const;

/** What they leave on a request that they would have stopped. */
const BODY_LABELS = [
  'awswaf:managed:aws:core-rule-set:SizeRestrictions_Body',
  'awswaf:managed:aws:core-rule-set:EC2MetaDataSSRF_Body',
  'awswaf:managed:aws:core-rule-set:GenericLFI_Body',
  'awswaf:managed:aws:core-rule-set:GenericRFI_Body',
  'awswaf:managed:aws:core-rule-set:CrossSiteScripting_Body',
  'awswaf:managed:aws:sql-database:SQLi_Body',
  'awswaf:managed:aws:known-bad-inputs:JavaDeserializationRCE_Body',
  'awswaf:managed:aws:known-bad-inputs:Log4JRCE_Body',
];

const SIGN_IN = '/api/v1/auth/';

/**
 * What stands before CloudFront.
 *
 * Addresses, queries, headers and cookies are stopped by AWS's rules everywhere. Bodies are stopped everywhere but
 * under /api/v1/ (sign-in apart): there they are JSON of people who have signed in, or signed by Slack, the API reads
 * them strictly, and scripts, SQL and log lines are what they are for.
 */
export class WebAcl extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    const acl = new CfnWebACL(this, 'Acl', {
      name: props.name,
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: visible('All'),
      rules: [
        limit('Rate', 0, props.rateLimit),
        limit('SignInRate', 1, 100, startsWith(SIGN_IN)),
        managed('AWSManagedRulesAmazonIpReputationList', 2),
        managed('AWSManagedRulesKnownBadInputsRuleSet', 3),
        managed('AWSManagedRulesCommonRuleSet', 4),
        managed('AWSManagedRulesSQLiRuleSet', 5),
        blockBodies(6),
      ],
    });
    this.arn = acl.attrArn;
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [props.logGroup.logGroupArn],
      redactedFields: [
        { singleHeader: { Name: 'authorization' } },
        { singleHeader: { Name: 'cookie' } },
        { singleHeader: { Name: 'x-slack-signature' } },
      ],
    });
  }
}

function managed(name: string, priority: number): Rule {
  const counted = name in BODY_RULES ? BODY_RULES[name as keyof typeof BODY_RULES] : [];
  return {
    name,
    priority,
    overrideAction: { none: {} },
    visibilityConfig: visible(name),
    statement: {
      managedRuleGroupStatement: {
        vendorName: 'AWS',
        name,
        ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
      },
    },
  };
}

function blockBodies(priority: number): Rule {
  const labelled = { orStatement: { statements: BODY_LABELS.map(labelOf) } };
  const inTheApi = {
    andStatement: {
      statements: [startsWith('/api/v1/'), { notStatement: { statement: startsWith(SIGN_IN) } }],
    },
  };
  return {
    name: 'BodiesOutsideOfTheApi',
    priority,
    action: { block: {} },
    visibilityConfig: visible('BodiesOutsideOfTheApi'),
    statement: {
      andStatement: { statements: [labelled, { notStatement: { statement: inTheApi } }] },
    },
  };
}

function limit(name: string, priority: number, most: number, where?: Statement): Rule {
  return {
    name,
    priority,
    action: { block: { customResponse: { responseCode: 429 } } },
    visibilityConfig: visible(name),
    statement: {
      rateBasedStatement: {
        limit: most,
        aggregateKeyType: 'IP',
        evaluationWindowSec: 300,
        scopeDownStatement: where,
      },
    },
  };
}

function startsWith(path: string): Statement {
  return {
    byteMatchStatement: {
      fieldToMatch: { uriPath: {} },
      positionalConstraint: 'STARTS_WITH',
      searchString: path,
      // What is compared is what the API would see, so that nobody hides a path behind an escape.
      textTransformations: [
        { priority: 0, type: 'URL_DECODE' },
        { priority: 1, type: 'NORMALIZE_PATH' },
      ],
    },
  };
}

function labelOf(key: string): Statement {
  return { labelMatchStatement: { scope: 'LABEL', key } };
}

function visible(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName };
}
