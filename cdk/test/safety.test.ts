/** What must hold, beside the rows of the specification. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as vm from 'node:vm';
import { devParameter, prodParameter } from '../parameter';
import { all, Json, Resource, templatesOf, text } from './templates';

const templates = { dev: templatesOf(devParameter), prod: templatesOf(prodParameter) };
const both = Object.entries(templates);

function containers(resources: Resource[]): [string, Json][] {
  return resources.flatMap((task) =>
    task.properties.ContainerDefinitions.map((each: Json) => [`${task.id} ${each.Name}`, each]),
  );
}

describe.each(both)('%s', (_env, found) => {
  test('the app runs as nobody, on a file system that cannot be written, without capabilities', () => {
    const apps = containers(all(found, 'AWS::ECS::TaskDefinition')).filter(
      ([, each]) => each.Name === 'app',
    );
    expect(apps).toHaveLength(3);
    for (const [, each] of apps) {
      expect(each.User).toBe('10001:10001');
      expect(each.ReadonlyRootFilesystem).toBe(true);
      expect(each.LinuxParameters.Capabilities.Drop).toEqual(['ALL']);
      expect(each.StopTimeout).toBeGreaterThan(20);
    }
  });

  test('no container is given a secret in the open', () => {
    const open = containers(all(found, 'AWS::ECS::TaskDefinition')).flatMap(([, each]) =>
      (each.Environment ?? []).map((variable: Json) => variable.Name),
    );
    expect(open.filter((name) => /PASSWORD|KEY|SECRET|TOKEN/.test(name))).toEqual([]);
  });

  test('the pages know no database and no secret', () => {
    const [front] = all(found, 'AWS::ECS::TaskDefinition').filter((each) =>
      each.id.startsWith('Front'),
    );
    const app = front?.properties.ContainerDefinitions.find((each: Json) => each.Name === 'app');
    expect(app.Secrets).toBeUndefined();
    expect(text(app)).not.toContain('RESCUE_DATABASE');
  });

  test('the API reads and writes rows; only the migration is the owner of the tables', () => {
    const [back, migration] = ['Back', 'Migration'].map((name) =>
      all(found, 'AWS::ECS::TaskDefinition').find((each) => each.id.startsWith(name)),
    );
    expect(text(back)).toContain('AppUser');
    expect(text(back)).not.toContain('ClusterSecret');
    const [app] = migration?.properties.ContainerDefinitions ?? [];
    expect(text(app.Secrets)).toContain('ClusterSecret');
  });

  test('whoever starts the tasks may read their secrets, and decrypt them', () => {
    const policies = all(found, 'AWS::IAM::Policy', 'application').map((each) =>
      text(each.properties),
    );
    const execution = policies.find((each) => each.includes('IdentitiesExecution'));
    for (const name of ['LedgerAppUser', 'LedgerClusterSecret', 'JwtKey']) {
      expect(execution).toContain(name);
    }
    expect(execution).toMatch(/"kms:Decrypt".*"kms:ViaService":"secretsmanager\..*KeysData/);
  });

  test('only rules and services of this account send into the queues', () => {
    const statements = all(found, 'AWS::SQS::QueuePolicy')
      .flatMap((each) => each.properties.PolicyDocument.Statement as Json[])
      .filter((each) => each.Effect === 'Allow');
    expect(statements.length).toBeGreaterThan(0);
    for (const each of statements) {
      expect(text(each.Condition)).toMatch(/aws:Source(Arn|Account)/);
    }
  });

  test('every connection to Aurora proves the server by the certificates of Amazon', () => {
    const tasks = text(all(found, 'AWS::ECS::TaskDefinition').map((each) => each.properties));
    const ends = tasks.match(/:3306\/rescue[^"\\]*/g);
    expect(tasks.match(/mysql\+pymysql:/g)).toHaveLength(3);
    expect(ends).toEqual(Array(3).fill(':3306/rescue?ssl_ca=/certificates/rds.pem'));
  });

  test('no bucket is open, none is spoken to without TLS', () => {
    const buckets = all(found, 'AWS::S3::Bucket');
    const policies = all(found, 'AWS::S3::BucketPolicy');
    expect(buckets.length).toBeGreaterThanOrEqual(5);
    for (const bucket of buckets) {
      expect(Object.values(bucket.properties.PublicAccessBlockConfiguration)).toEqual([
        true,
        true,
        true,
        true,
      ]);
      const policy = policies.find((each) => each.properties.Bucket.Ref === bucket.id);
      expect(text(policy?.properties.PolicyDocument)).toContain('"aws:SecureTransport":"false"');
    }
  });

  test('a key outlives the stacks, as the buckets do that it encrypts', () => {
    expect(all(found, 'AWS::KMS::Key')).toHaveLength(2);
    for (const key of all(found, 'AWS::KMS::Key')) {
      expect(key.whole.DeletionPolicy).toBe('Retain');
      expect(key.properties.EnableKeyRotation).toBe(true);
    }
  });

  test('every queue and topic is encrypted', () => {
    for (const queue of all(found, 'AWS::SQS::Queue')) {
      expect(queue.properties.KmsMasterKeyId).toBeDefined();
    }
    for (const topic of all(found, 'AWS::SNS::Topic')) {
      expect(topic.properties.KmsMasterKeyId).toBeDefined();
    }
  });

  test('no policy of ours allows every action, and every resource only where there are none', () => {
    const statements = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy']
      .flatMap((type) => all(found, type))
      .filter((each) => each.stack !== 'distribution')
      .flatMap((each) => each.properties.PolicyDocument.Statement as Json[]);
    const wide = statements.filter((each) => text(each.Resource) === '"*"');
    const actions = new Set(wide.flatMap((each) => each.Action));
    expect([...actions].sort()).toEqual([
      'cloudwatch:DescribeAlarms',
      'ecr:GetAuthorizationToken',
      'logs:DescribeLogGroups',
      'ssmmessages:CreateControlChannel',
      'ssmmessages:CreateDataChannel',
      'ssmmessages:OpenControlChannel',
      'ssmmessages:OpenDataChannel',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
    expect(
      statements.flatMap((each) => each.Action).filter((action) => /(^|:)\*$/.test(action)),
    ).toEqual([]);
  });

  test('the load balancer gives up a connection before gunicorn does', () => {
    const [balancer] = all(found, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    const attributes: Json[] = balancer?.properties.LoadBalancerAttributes;
    const idle = attributes.find((each) => each.Key === 'idle_timeout.timeout_seconds');
    const gunicorn = readFileSync(path.join(__dirname, '../../webui/api/gunicorn.py'), 'utf-8');
    const keepalive = /^keepalive = (\d+)$/m.exec(gunicorn)?.[1];
    expect(Number(idle?.Value)).toBeLessThan(Number(keepalive));
  });

  test('a header of the app is not said twice: at the edge none replaces it', () => {
    for (const policy of all(found, 'AWS::CloudFront::ResponseHeadersPolicy')) {
      expect(text(policy.properties)).not.toContain('"Override":true');
    }
    const [distribution] = all(found, 'AWS::CloudFront::Distribution');
    const { CacheBehaviors, DefaultCacheBehavior } =
      distribution?.properties.DistributionConfig ?? {};
    const app = [
      DefaultCacheBehavior,
      ...CacheBehaviors.filter((each: Json) => each.PathPattern !== 'assets/*'),
    ];
    for (const each of app) {
      expect(text(each.ResponseHeadersPolicyId)).toContain('DeliveryTransport');
    }
  });
});

describe('prod', () => {
  test('its stacks and what holds data cannot be deleted by mistake', () => {
    const [balancer] = all(templates.prod, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    expect(text(balancer?.properties.LoadBalancerAttributes)).toContain(
      '{"Key":"deletion_protection.enabled","Value":"true"}',
    );
    expect(all(templates.prod, 'Custom::S3AutoDeleteObjects')).toHaveLength(0);
  });
});

describe('a behaviour that may fall back', () => {
  const [distribution] = all(templates.prod, 'AWS::CloudFront::Distribution');
  const config: Json = distribution?.properties.DistributionConfig;
  const groups: Json[] = config.OriginGroups.Items.map((each: Json) => each.Id);
  const falling: Json[] = [config.DefaultCacheBehavior, ...config.CacheBehaviors].filter((each) =>
    groups.includes(each.TargetOriginId),
  );

  test('only reads, and passes nothing on to S3 that S3 would refuse', () => {
    expect(falling).toHaveLength(2);
    for (const each of falling) {
      expect(['GET,HEAD', 'GET,HEAD,OPTIONS']).toContain(
        (each.AllowedMethods ?? ['GET', 'HEAD']).join(),
      );
      expect(each.OriginRequestPolicyId).toBeUndefined();
    }
  });

  test('knows the load balancer by a name that its certificate names, too', () => {
    const [certificate] = all(
      templates.prod,
      'AWS::CertificateManager::Certificate',
      'application',
    );
    expect(certificate?.properties.DomainName).toBe(prodParameter.site.originDomainName);
    expect(text(config.Origins)).toContain(`"DomainName":"${prodParameter.site.originDomainName}"`);
  });
});

describe('the firewall at the edge', () => {
  const rules: Json[] = all(templates.prod, 'AWS::WAFv2::WebACL')[0]?.properties.Rules;

  test('what looks into bodies is counted, and stopped again everywhere but in the API', () => {
    const counted = rules.flatMap(
      (rule) => rule.Statement.ManagedRuleGroupStatement?.RuleActionOverrides ?? [],
    );
    const block = rules.find((rule) => rule.Name === 'BodiesOutsideOfTheApi');
    const [labels, where] = block?.Statement.AndStatement.Statements ?? [];
    expect(labels.OrStatement.Statements).toHaveLength(counted.length);
    expect(counted.every((each: Json) => each.Name.endsWith('_BODY'))).toBe(true);
    for (const each of counted) {
      // A label is written like the rule, but for the end of its name.
      const label = each.Name.replace(/_BODY$/, '_Body');
      expect(text(labels)).toContain(`:${label}"`);
    }
    expect(text(where)).toContain('/api/v1/auth/');
    expect(block?.Action).toEqual({ Block: {} });
    expect(block?.Priority).toBeGreaterThan(
      Math.max(...rules.filter((rule) => rule !== block).map((rule) => rule.Priority)),
    );
  });

  test('attempts to sign in are limited more than the rest', () => {
    const [all5, signIn] = rules.map((rule) => rule.Statement.RateBasedStatement).filter(Boolean);
    expect(signIn.Limit).toBeLessThan(all5.Limit);
    expect(text(signIn.ScopeDownStatement)).toContain('/api/v1/auth/');
  });
});

describe('functions at the edge', () => {
  function run(file: string, event: Json): Json {
    const code = readFileSync(path.join(__dirname, '../edge', file), 'utf-8');
    return vm.runInNewContext(`${code}; handler(event)`, { event });
  }

  test.each([
    ['/', '/page.html'],
    ['/events/12', '/page.html'],
    ['/favicon.svg', '/favicon.svg'],
    ['/fonts/a.woff2', '/fonts/a.woff2'],
    ['/v1.2/events', '/page.html'],
  ])('%s is asked for as %s', (asked, uri) => {
    expect(run('pages.js', { request: { uri: asked } }).uri).toBe(uri);
  });

  test('the sorry page is no success, and a page is', () => {
    const headers = { 'x-amz-meta-sorry': { value: 'yes' } };
    const sorry = run('sorry.js', { response: { statusCode: 200, headers } });
    expect(sorry.statusCode).toBe(503);
    expect(sorry.headers['retry-after'].value).toBe('30');
    expect(run('sorry.js', { response: { statusCode: 200, headers: {} } }).statusCode).toBe(200);
  });
});
