import { parameters } from '../parameter';
import { Json, templatesOf } from './templates';

/** The names of assets are hashes of what is in them: a change of a function is no change of the infrastructure. */
function steady(template: Json, envName: string): Json {
  const written = JSON.stringify(template)
    .replaceAll(/[0-9a-f]{64}/g, (hash) => (/^0+$/.test(hash) ? hash : '<hash>'))
    .replaceAll(new RegExp(`rescuebot([-/]?)${envName}`, 'g'), 'rescuebot$1<environment>');
  return JSON.parse(written);
}

/** Every value of a template by its place in it. */
function flat(value: Json, place = ''): [string, unknown][] {
  if (value === null || typeof value !== 'object') {
    return [[place, value]];
  }
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, `${place}/${key}`));
}

const prod = Object.entries(templatesOf(parameters.prod)).map(
  ([name, template]): [string, Json] => [name, steady(template, 'prod')],
);
const dev = templatesOf(parameters.dev);

test.each(prod)('prod: %s is as it was', (_name, template) => {
  expect(template).toMatchSnapshot();
});

test.each(prod)('dev: %s differs from prod by these values', (name, template) => {
  const there = new Map(flat(template));
  const here = new Map(flat(steady(dev[name], 'dev')));
  const places = [...new Set([...there.keys(), ...here.keys()])].sort();
  const differences = places
    // Every resource is tagged with its environment; that would be most of what one reads.
    .filter((place) => !place.includes('/Tags/') && there.get(place) !== here.get(place))
    .map((place) => `${place}: ${here.get(place)} (prod: ${there.get(place)})`);
  expect(differences).toMatchSnapshot();
});
