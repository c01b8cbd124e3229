// What a browser fetches until the dashboard stands in Korean: the entry, the page, the words.
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const roots = [
  'index.html',
  'src/pages/dashboard/Dashboard.tsx',
  'src/i18n/ko.json',
  ...Object.keys(manifest).filter((name) =>
    /messages\/all\.ko|noto-sans-kr\/index\.css/.test(name),
  ),
];
const files = new Set();
const seen = new Set();

function collect(name) {
  const chunk = manifest[name];
  if (!chunk || seen.has(name)) return;
  seen.add(name);
  for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(`dist/${file}`);
  for (const one of chunk.imports ?? []) collect(one);
}

for (const root of roots) {
  if (!manifest[root]) throw new Error(`The build has no ${root}.`);
  collect(root);
}

export default [{ name: 'First load', path: [...files], limit: '600 kB', gzip: true }];
