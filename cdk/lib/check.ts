import { AppParameter } from '../parameter';

/** Say all that is wrong with the values at once, before anything is made of them. */
export function check(given: AppParameter): void {
  const wrong = [
    ...wrongSite(given),
    ...wrongSizes(given),
    ...wrongNames(given),
    ...wrongSettings(given),
  ];
  if (wrong.length > 0) {
    throw new Error(`parameter.ts, ${given.envName}: ${wrong.join('; ')}`);
  }
}

function wrongSite({ site }: AppParameter): string[] {
  const wrong: string[] = [];
  if ((site.zone === undefined) === (site.certificates === undefined)) {
    wrong.push('site has either a zone or certificates');
  }
  if (site.domainName === site.originDomainName) {
    wrong.push('domainName leads to CloudFront, originDomainName to the load balancer');
  }
  if (site.certificates && !site.certificates.edgeArn.includes(':acm:us-east-1:')) {
    wrong.push('certificates.edgeArn must be in us-east-1');
  }
  return wrong;
}

function wrongSizes({ envName, service, logs, salt, database }: AppParameter): string[] {
  const [least, most] = envName === 'dev' ? [1, 3] : [15, 30];
  const wrong: string[] = [];
  if (service.desired < 2 || service.most < service.desired) {
    wrong.push('service.desired is 2 or more, and service.most not less');
  }
  if (logs.retentionDays < least || logs.retentionDays > most) {
    wrong.push(`logs.retentionDays is ${least} to ${most}`);
  }
  if (database.minAcu > database.maxAcu) {
    wrong.push('database.minAcu is not more than maxAcu');
  }
  if (salt.peerCidrs.some((cidr) => cidr.endsWith('/0'))) {
    wrong.push('salt.peerCidrs names networks of masters, not the world');
  }
  return wrong;
}

function wrongSettings({ settings = {}, secrets = {} }: AppParameter): string[] {
  const named = [...Object.keys(settings), ...Object.keys(secrets)];
  const foreign = named.filter((name) => !name.startsWith('RESCUE_'));
  const open = Object.keys(settings).filter((name) => /PASSWORD|SECRET|KEY|TOKEN/.test(name));
  return [
    ...foreign.map((name) => `${name} is no setting of Rescue Bot`),
    ...open.map((name) => `${name} is secret: it belongs into secrets`),
  ];
}

function wrongNames({ availabilityZones: zones, env, images }: AppParameter): string[] {
  const wrong: string[] = [];
  if (zones[0] === zones[1] || zones.some((zone) => !zone.startsWith(env.region))) {
    wrong.push('availabilityZones are two of the region');
  }
  for (const image of [images.app, images.toolbox]) {
    if (!/^sha256:[0-9a-f]{64}$/.test(image.digest)) {
      wrong.push(`the digest of ${image.repository} is not sha256:<64 digits>`);
    }
  }
  return wrong;
}
