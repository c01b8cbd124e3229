/** SPEC B4; see rows.ts. */
import { ingress, need, one, Row } from './rows';
import { all, Json, Resource, Templates, text } from './templates';

const distribution = (templates: Templates): Resource =>
  one(all(templates, 'AWS::CloudFront::Distribution'), 'distribution');

const listener = (templates: Templates, port: number): Resource =>
  one(
    all(templates, 'AWS::ElasticLoadBalancingV2::Listener').filter(
      (each) => each.properties.Port === port,
    ),
    `listener ${port}`,
  );

export const edge: Row[] = [
  {
    row: 'B4',
    asked: 'internet-facing ALB in the public subnets',
    find: (templates) => {
      const found = one(
        all(templates, 'AWS::ElasticLoadBalancingV2::LoadBalancer'),
        'load balancer',
      );
      need(found.properties.Scheme === 'internet-facing', 'internet-facing');
      need(
        text(found.properties.Subnets).match(/publicSubnet[12]Subnet/g)?.length === 2,
        'both zones',
      );
      need(text(found.properties.SecurityGroups).includes('FirewallsLoadBalancer'), 'its group');
      const ports = ingress(templates, 'LoadBalancer').map((rule) => rule.FromPort);
      need(text(ports.sort()) === '[443,80]', 'ports 80 and 443');
      return [found];
    },
  },
  {
    row: 'B4',
    asked: '80 → 443 redirect',
    find: (templates) => {
      const found = listener(templates, 80);
      const [action] = found.properties.DefaultActions;
      need(action.Type === 'redirect' && action.RedirectConfig.Protocol === 'HTTPS', 'to HTTPS');
      need(action.RedirectConfig.StatusCode === 'HTTP_301', 'for good');
      return [found];
    },
  },
  {
    row: 'B4',
    asked: 'HTTPS by ACM; from CloudFront only, by its prefix list and a secret word',
    find: (templates, { cloudFrontPrefixListId }) => {
      const found = listener(templates, 443);
      need(found.properties.Certificates.length === 1, 'a certificate');
      need(found.properties.SslPolicy.includes('TLS13'), 'TLS 1.2 and 1.3');
      need(found.properties.DefaultActions[0].FixedResponseConfig.StatusCode === '403', 'closed');
      const rules = all(templates, 'AWS::ElasticLoadBalancingV2::ListenerRule');
      need(rules.length === 2, 'two rules');
      for (const rule of rules) {
        const header = rule.properties.Conditions.find(
          (each: Json) => each.Field === 'http-header',
        );
        need(text(header).includes('{{resolve:secretsmanager:'), `${rule.id} asks for the word`);
      }
      const from = ingress(templates, 'LoadBalancer').find((rule) => rule.FromPort === 443);
      need(from?.SourcePrefixListId === cloudFrontPrefixListId && !from.CidrIp, 'the prefix list');
      return [found, ...rules];
    },
  },
  {
    row: 'B4',
    asked: 'by path: /api/*, /health, /metrics to the API, the rest to the pages',
    find: (templates) => {
      const rules = all(templates, 'AWS::ElasticLoadBalancingV2::ListenerRule');
      const [api, pages] = rules.sort((a, b) => a.properties.Priority - b.properties.Priority);
      const paths = api?.properties.Conditions.find((each: Json) => each.Field === 'path-pattern');
      need(
        text(paths?.PathPatternConfig.Values) === '["/api/*","/health","/health/*","/metrics"]',
        'paths',
      );
      need(text(api?.properties.Actions).includes('BackTargets'), 'to the API');
      need(text(pages?.properties.Actions).includes('FrontTargets'), 'to the pages');
      const targets = all(templates, 'AWS::ElasticLoadBalancingV2::TargetGroup');
      for (const each of targets) {
        const { Port, Protocol, HealthCheckPath } = each.properties;
        need(text([Port, Protocol, HealthCheckPath]) === '[5000,"HTTP","/health"]', `${each.id}`);
      }
      need(targets.length === 2, 'two groups of targets');
      return [...rules, ...targets];
    },
  },
  {
    row: 'B4',
    asked: 'CloudFront before ALB and S3, TLS 1.2 and more, logged',
    find: (templates, { site }) => {
      const found = distribution(templates);
      const config = found.properties.DistributionConfig;
      need(text(config.Aliases) === text([site.domainName]), 'its name');
      need(config.ViewerCertificate.MinimumProtocolVersion === 'TLSv1.2_2021', 'TLS');
      need(config.Logging.Bucket, 'a log');
      need(
        config.Origins.some((each: Json) => each.DomainName === site.originDomainName),
        'the load balancer',
      );
      const origin = config.Origins.find((each: Json) => each.DomainName === site.originDomainName);
      need(origin?.CustomOriginConfig.OriginProtocolPolicy === 'https-only', 'by HTTPS');
      need(
        text(origin?.OriginCustomHeaders).includes('{{resolve:secretsmanager:'),
        'it says the word',
      );
      return [found];
    },
  },
  {
    row: 'B4',
    asked:
      'static content and sorry page in S3, reachable only through CloudFront (OAC, bucket policy)',
    find: (templates) => {
      const [bucket] = all(templates, 'AWS::S3::Bucket', 'distribution').filter((each) =>
        each.id.startsWith('ContentBucket'),
      );
      need(bucket, 'the bucket');
      need(
        Object.values(bucket?.properties.PublicAccessBlockConfiguration).every(Boolean),
        'closed to the public',
      );
      const control = one(all(templates, 'AWS::CloudFront::OriginAccessControl'), 'OAC');
      need(control.properties.OriginAccessControlConfig.SigningBehavior === 'always', 'signed');
      const { Origins } = distribution(templates).properties.DistributionConfig;
      const origins = Origins.filter((each: Json) =>
        text(each.DomainName).includes(`${bucket?.id}`),
      );
      need(origins.length > 0, 'it is an origin');
      need(
        origins.every((each: Json) => text(each.OriginAccessControlId).includes(control.id)),
        'by OAC',
      );
      const policy = one(
        all(templates, 'AWS::S3::BucketPolicy').filter(
          (each) => each.properties.Bucket.Ref === bucket?.id,
        ),
        'its policy',
      );
      const allowed = policy.properties.PolicyDocument.Statement.filter(
        (each: Json) => each.Effect === 'Allow' && text(each.Principal).includes('Service'),
      );
      need(allowed.length === 1, 'one service may read');
      need(text(allowed[0].Principal).includes('cloudfront.amazonaws.com'), 'CloudFront');
      need(allowed[0].Action === 's3:GetObject', 'it reads');
      need(text(allowed[0].Condition).includes('DeliveryDistribution'), 'this distribution');
      return [bucket as Resource, control, policy];
    },
  },
  {
    row: 'B4',
    asked: 'the sorry page when nobody answers; errors of the API stay as they are',
    find: (templates) => {
      const found = distribution(templates);
      const config = found.properties.DistributionConfig;
      need(!config.CustomErrorResponses, 'no error pages for all');
      const group = config.OriginGroups.Items.find(
        (each: Json) => text(each.FailoverCriteria.StatusCodes.Items) === '[502,503,504]',
      );
      need(group, 'a group that falls back');
      need(config.DefaultCacheBehavior.TargetOriginId === group?.Id, 'for pages');
      const api = config.CacheBehaviors.filter((each: Json) => each.PathPattern !== 'assets/*');
      const groups = config.OriginGroups.Items.map((each: Json) => each.Id);
      need(
        api.length === 4 && api.every((each: Json) => !groups.includes(each.TargetOriginId)),
        'not for the API',
      );
      const upload = all(templates, 'Custom::CDKBucketDeployment').filter(
        (each) => each.properties.UserMetadata?.sorry === 'yes',
      );
      return [found, one(upload, 'the page is uploaded')];
    },
  },
  {
    row: 'B4',
    asked: 'WAF on CloudFront, with AWS managed rules (Common, SQLi)',
    find: (templates) => {
      const acl = one(all(templates, 'AWS::WAFv2::WebACL'), 'web ACL');
      need(acl.stack === 'edge' && acl.properties.Scope === 'CLOUDFRONT', 'for CloudFront');
      const groups = acl.properties.Rules.map(
        (rule: Json) => rule.Statement.ManagedRuleGroupStatement?.Name,
      );
      need(groups.includes('AWSManagedRulesCommonRuleSet'), 'Common');
      need(groups.includes('AWSManagedRulesSQLiRuleSet'), 'SQLi');
      need(
        acl.properties.Rules.some((rule: Json) => rule.Statement.RateBasedStatement),
        'a rate',
      );
      for (const rule of acl.properties.Rules) {
        need(!rule.OverrideAction || rule.OverrideAction.None, `${rule.Name} is not only counted`);
      }
      const { WebACLId } = distribution(templates).properties.DistributionConfig;
      need(text(WebACLId).includes('WebAcl'), 'the distribution is behind it');
      return [acl];
    },
  },
];
