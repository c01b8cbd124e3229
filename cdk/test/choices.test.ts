/** What parameter.ts can choose, and what it cannot. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { CfnWaitConditionHandle, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { makeConsole } from '../lib/console';
import { withDigests } from '../lib/images';
import { zip } from '../lib/lambdas';
import { AppParameter, devParameter, NO_DIGEST, prodParameter } from '../parameter';
import { ingress } from './rows';
import { all, makeApp, templatesOf, text } from './templates';

const CERTIFICATES = {
  originArn: 'arn:aws:acm:ap-northeast-1:123456789012:certificate/one',
  edgeArn: 'arn:aws:acm:us-east-1:123456789012:certificate/two',
};
const WEBHOOKS =
  'arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:rescue/slack-webhooks-AbCdEf';
const { domainName, originDomainName } = devParameter.site;
const named = { domainName, originDomainName };
const withoutZone: AppParameter = {
  ...devParameter,
  site: { ...named, certificates: CERTIFICATES },
};

function dev(changed: Partial<AppParameter>): AppParameter {
  return { ...devParameter, ...changed };
}

describe('Salt masters', () => {
  test('nobody but the tasks reaches the database, as long as nobody is named', () => {
    expect(ingress(templatesOf(devParameter), 'Database')).toHaveLength(1);
  });

  test('a peered network and a group may reach it when they are named', () => {
    const salt = { peerCidrs: ['10.1.0.0/16'], securityGroupIds: ['sg-0123456789abcdef0'] };
    const rules = ingress(templatesOf(dev({ salt })), 'Database');
    expect(rules).toHaveLength(3);
    expect(rules.every((rule) => rule.FromPort === 3306 && rule.ToPort === 3306)).toBe(true);
    expect(text(rules)).toContain('10.1.0.0/16');
    expect(text(rules)).toContain('sg-0123456789abcdef0');
  });

  test('a queue of another deployment is used, and none is made', () => {
    const queueArn = 'arn:aws:sqs:ap-northeast-1:123456789012:rescuebot-prod-events';
    const salt = { ...devParameter.salt, queueArn };
    const templates = templatesOf(dev({ salt }));
    expect(all(templates, 'AWS::Events::Rule')).toHaveLength(0);
    const [policy] = all(templates, 'AWS::IAM::ManagedPolicy');
    expect(text(policy?.properties.PolicyDocument)).toContain(queueArn);
  });

  test('without one a queue is made, filled with alarms, and a master may read it', () => {
    const templates = templatesOf(devParameter);
    const [rule] = all(templates, 'AWS::Events::Rule');
    expect(rule?.properties.EventPattern.source).toEqual(['aws.cloudwatch']);
    expect(rule?.properties.Targets[0].DeadLetterConfig).toBeDefined();
    const [policy] = all(templates, 'AWS::IAM::ManagedPolicy');
    expect(text(policy?.properties.PolicyDocument)).toContain('EventsQueue');
    expect(text(policy?.properties.PolicyDocument)).not.toContain('sqs:*');
  });
});

describe('the site', () => {
  test('certificates that exist are used, and no record is made', () => {
    const templates = templatesOf(withoutZone);
    expect(all(templates, 'AWS::CertificateManager::Certificate')).toHaveLength(0);
    expect(all(templates, 'AWS::Route53::RecordSet')).toHaveLength(0);
    expect(text(templates['application'])).toContain(CERTIFICATES.originArn);
    expect(text(templates['distribution'])).toContain(CERTIFICATES.edgeArn);
  });

  test('in maintenance pages are away and the API is not', () => {
    const rules = all(
      templatesOf(dev({ maintenance: true })),
      'AWS::ElasticLoadBalancingV2::ListenerRule',
    )
      .sort((a, b) => a.properties.Priority - b.properties.Priority)
      .map((each) => text(each.properties.Actions));
    expect(rules).toHaveLength(3);
    expect(rules[0]).toContain('BackTargets');
    expect(rules[1]).toContain('"StatusCode":"503"');
  });

  test('built files go to S3 for good, and the packed copies stay at home', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'assets-'));
    writeFileSync(path.join(folder, 'index-abc.js'), '1');
    const { distribution } = makeConsole(makeApp(), devParameter, folder);
    Template.fromStack(distribution).hasResourceProperties('Custom::CDKBucketDeployment', {
      DestinationBucketKeyPrefix: 'assets/',
      Prune: false,
      SystemMetadata: { 'cache-control': 'public, max-age=31536000, immutable' },
    });
  });
});

describe('notices', () => {
  const templates = templatesOf(dev({ notices: { webhookSecretArn: WEBHOOKS } }));

  test('a topic of each severity leads to slack_notifier', () => {
    const topics = all(templates, 'AWS::SNS::Topic').map((each) => each.properties.TopicName);
    expect(topics.sort()).toEqual(
      ['critical', 'fatal', 'info', 'operations', 'warning'].map((each) => `rescuebot-dev-${each}`),
    );
    expect(all(templates, 'AWS::SNS::Subscription')).toHaveLength(4);
    const [notifier] = all(templates, 'AWS::Lambda::Function').filter((each) =>
      each.properties.Handler?.startsWith('slack_notifier'),
    );
    expect(notifier?.properties.Environment.Variables).toEqual({
      WEBHOOK_SECRET: WEBHOOKS,
    });
    expect(notifier?.properties.ReservedConcurrentExecutions).toBe(2);
  });

  test('a master may publish them', () => {
    const [policy] = all(templates, 'AWS::IAM::ManagedPolicy');
    expect(text(policy?.properties.PolicyDocument)).toContain('sns:Publish');
  });
});

describe('values that cannot be', () => {
  test.each<[string, Partial<AppParameter>, RegExp]>([
    ['one task', { service: { ...devParameter.service, desired: 1 } }, /desired is 2 or more/],
    ['dev keeps logs for long', { logs: { ...devParameter.logs, retentionDays: 30 } }, /1 to 3/],
    [
      'prod forgets logs at once',
      { ...prodParameter, logs: { ...prodParameter.logs, retentionDays: 3 } },
      /15 to 30/,
    ],
    [
      'the whole world as masters',
      { salt: { peerCidrs: ['0.0.0.0/0'], securityGroupIds: [] } },
      /the world/,
    ],
    [
      'one zone twice',
      { availabilityZones: ['ap-northeast-1a', 'ap-northeast-1a'] },
      /two of the region/,
    ],
    [
      'a certificate in the wrong region',
      { site: { ...named, certificates: { ...CERTIFICATES, edgeArn: CERTIFICATES.originArn } } },
      /us-east-1/,
    ],
    ['neither zone nor certificates', { site: named }, /either a zone or certificates/],
    [
      'one name for both',
      { site: { ...devParameter.site, originDomainName: devParameter.site.domainName } },
      /originDomainName/,
    ],
    [
      'a secret in the open',
      { settings: { RESCUE_SLACK__BOT_TOKEN: 'xoxb' } },
      /belongs into secrets/,
    ],
    ['a setting of something else', { settings: { PATH: '/tmp' } }, /no setting of Rescue Bot/],
    ['less at most than at least', { database: { minAcu: 4, maxAcu: 2, backupDays: 7 } }, /minAcu/],
    [
      'a tag for a digest',
      { images: { ...devParameter.images, app: { repository: 'rescuebot', digest: 'latest' } } },
      /digest of rescuebot/,
    ],
  ])('%s', (_name, changed, says) => {
    expect(() => makeConsole(makeApp(), dev(changed))).toThrow(says);
  });
});

describe('more settings of the API', () => {
  const secret = 'arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:rescue/slack-AbCdEf';
  const tasks = all(
    templatesOf(
      dev({
        settings: { RESCUE_WEB__OIDC__ISSUER: 'https://id.example.com' },
        secrets: { RESCUE_SLACK__SIGNING_SECRET: secret },
      }),
    ),
    'AWS::ECS::TaskDefinition',
  ).map((each) => text(each.properties.ContainerDefinitions));

  test('are given to the API, and to nothing else', () => {
    const knowing = tasks.filter((each) => each.includes('id.example.com'));
    expect(knowing).toHaveLength(1);
    expect(knowing[0]).toContain('webui.api.gunicorn');
    expect(knowing[0]).toContain(`{"Name":"RESCUE_SLACK__SIGNING_SECRET","ValueFrom":"${secret}"}`);
  });
});

describe('images', () => {
  test('the digests of a deployment come from the environment', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const given = withDigests(devParameter, { RESCUE_IMAGE_DIGEST: digest });
    expect(given.images.app.digest).toBe(digest);
    expect(given.images.toolbox.digest).toBe(NO_DIGEST);
    expect(text(templatesOf(given)['application'])).toContain(`/rescuebot@${digest}`);
  });
});

describe('the zip of a function', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'repository-'));
  mkdirSync(path.join(root, 'lambdas/shouter'), { recursive: true });
  writeFileSync(path.join(root, 'lambdas/shouter/handler.py'), '');

  function told(): number {
    const stack = new Stack(makeApp(), 'Stack');
    new CfnWaitConditionHandle(stack, 'Something');
    zip(stack, 'shouter', root);
    return Annotations.fromStack(stack).findWarning(
      '/Stack',
      Match.stringLikeRegexp('make lambdas'),
    ).length;
  }

  test('is told of when it is missing, so that the folder is not deployed in its place', () => {
    expect(told()).toBe(1);
  });

  test('is taken when it is there', () => {
    mkdirSync(path.join(root, 'dist/lambdas'), { recursive: true });
    writeFileSync(path.join(root, 'dist/lambdas/shouter.zip'), 'zip');
    expect(told()).toBe(0);
  });

  test('can be built for every function that is deployed', () => {
    const notices = { webhookSecretArn: WEBHOOKS };
    const handlers = all(templatesOf(dev({ notices })), 'AWS::Lambda::Function')
      .map((each) => each.properties.Handler as string)
      .filter((handler) => handler.endsWith('.handler.handle'));
    expect(handlers).toHaveLength(3);
    for (const handler of handlers) {
      const [folder] = handler.split('.');
      const source = readFileSync(
        path.join(__dirname, '../../lambdas', `${folder}/handler.py`),
        'utf-8',
      );
      expect(source).toMatch(/^def handle\(/m);
    }
  });
});
