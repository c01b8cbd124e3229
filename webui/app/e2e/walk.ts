/**
 * Walks every page against the real API, in three languages, light and dark.
 *
 * Fails on an axe violation, a CSP report, an error of the page, or a key without its word.
 * RESCUE_URL is where it is served; pictures go to RESCUE_SHOTS.
 */
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { mkdirSync } from 'node:fs';

const URL_ = process.env.RESCUE_URL ?? 'http://127.0.0.1:5077';
const SHOTS = process.env.RESCUE_SHOTS ?? '/tmp/w/ui/shots';
const PASSWORD = 'correct horse battery';
const ONLY = process.argv[2];

const PAGES: readonly (readonly [string, string])[] = [
  ['dashboard', '/'],
  ['events', '/events?range=24h'],
  ['events-peek', '/events?severity=fatal&id=3'],
  ['event', '/events/3'],
  ['executions', '/executions'],
  ['execution', '/executions/1'],
  ['approvals', '/approvals'],
  ['runbooks', '/runbooks'],
  ['runbook', '/runbooks/1'],
  ['runbook-new', '/runbooks/new'],
  ['commands', '/commands'],
  ['command', '/commands/1'],
  ['drafts', '/drafts?id=1'],
  ['servers', '/servers'],
  ['server', '/servers/i-web-1'],
  ['halts', '/halts'],
  ['windows', '/windows'],
  ['letters', '/dead-letters?id=1'],
  ['audit', '/audit'],
  ['archive', '/archive'],
  ['users', '/users'],
  ['keys', '/keys'],
  ['health', '/health-check'],
  ['me', '/me'],
  ['notfound', '/nowhere'],
];

const problems: string[] = [];

function listen(page: Page, about: () => string): void {
  page.on('console', (message) => {
    // The end of an output that is shorter than asked for is answered with 416, then asked whole.
    if (message.type() === 'error' && !message.text().includes('status of 416'))
      problems.push(`${about()}: console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`${about()}: page error: ${error.message}`));
}

async function audit(page: Page, about: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  for (const one of violations) {
    const where = one.nodes
      .slice(0, 2)
      .map((node) => `${node.target.join(' ')} ${node.html.slice(0, 160)}`);
    problems.push(`${about}: axe ${one.id} ×${one.nodes.length}: ${where.join(' | ')}`);
  }
  // A key of the catalogue on the screen is a word that is missing.
  const text = await page.locator('body').innerText();
  const keys = text.match(/\b(?:[a-z]+[A-Za-z]*)\.[a-z_]+(?:\.[a-z_]+)?\b/g) ?? [];
  const own = keys.filter((key) =>
    /^(common|column|field|list|help|nav|top|live|action|problem|word|status|state|run|event|halt|window|kept|server|user|key)\./.test(
      key,
    ),
  );
  if (own.length) problems.push(`${about}: untranslated ${[...new Set(own)].join(', ')}`);
}

async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('domcontentloaded');
  await page.locator('h1:visible').first().waitFor({ timeout: 20_000 });
  await page
    .locator('.skeleton, [class*="loading"] [role="progressbar"]')
    .first()
    .waitFor({ state: 'detached', timeout: 10_000 })
    .catch(() => undefined);
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(500);
}

async function open(context: BrowserContext, theme: string, language: string): Promise<void> {
  await context.addInitScript(
    (kept) => {
      if (!localStorage.getItem('rescue.preferences')) {
        localStorage.setItem('rescue.preferences', kept);
      }
    },
    JSON.stringify({ theme, language, languageChosen: true }),
  );
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
mkdirSync(SHOTS, { recursive: true });
const rounds = [
  ['ko', 'light'],
  ['ko', 'dark'],
  ['en', 'light'],
  ['en', 'dark'],
  ['ja', 'light'],
  ['ja', 'dark'],
] as const;
for (const [language, theme] of rounds) {
  if (process.env.RESCUE_ROUND && process.env.RESCUE_ROUND !== `${language}-${theme}`) continue;
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    timezoneId: 'Asia/Seoul',
    locale: language,
  });
  await open(context, theme, language);
  const page = await context.newPage();
  let now = 'sign-in';
  listen(page, () => `${now} ${language} ${theme}`);
  await page.goto(URL_);
  await settled(page);
  await audit(page, `${now} ${language} ${theme}`);
  await page.screenshot({ path: `${SHOTS}/sign-in-${language}-${theme}.png` });
  await page.locator('input[autocomplete="username"]').fill('kim');
  await page.locator('input[autocomplete="current-password"]').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('#top').waitFor();
  for (const [name, path] of PAGES) {
    if (ONLY && !ONLY.split(',').includes(name)) continue;
    now = name;
    await page.goto(URL_ + path);
    await settled(page);
    await audit(page, `${name} ${language} ${theme}`);
    await page.screenshot({ path: `${SHOTS}/${name}-${language}-${theme}.png`, fullPage: false });
  }
  await context.close();
}
await browser.close();
for (const one of problems) console.error(one);
console.log(problems.length ? `${problems.length} problems` : 'All pages are well.');
process.exitCode = problems.length ? 1 : 0;
