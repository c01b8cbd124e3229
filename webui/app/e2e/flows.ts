/**
 * What people do, against the real API: sign in where they are, approve by keyboard, close many,
 * meet somebody else's change, be signed out, write Korean.
 */
import assert from 'node:assert/strict';
import { chromium, type Page } from 'playwright-core';

const URL_ = process.env.RESCUE_URL ?? 'http://127.0.0.1:5077';
const PASSWORD = 'correct horse battery';

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});

async function somebody(name: string, path: string): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: 'en',
  });
  const page = await context.newPage();
  await page.goto(URL_ + path);
  await page.locator('input[autocomplete="username"]').fill(name);
  await page.locator('input[autocomplete="current-password"]').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('#top').waitFor();
  return page;
}

async function step(name: string, work: () => Promise<void>): Promise<void> {
  await work();
  console.log(`ok ${name}`);
}

const dialog = (page: Page) => page.locator('[role="dialog"]:visible');
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

await step('signing in brings back to where one was', async () => {
  const page = await somebody('lee', '/events?severity=fatal');
  await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
  assert.match(page.url(), /severity=fatal/);
  // A viewer is offered nothing that changes anything.
  await page
    .getByRole('link', { name: /^#\d+$/ })
    .first()
    .waitFor();
  assert.equal(await button(page, 'Act on many').count(), 0);
  await page.goto(`${URL_}/approvals`);
  await page.getByRole('heading', { name: 'Exactly what would run' }).waitFor();
  assert.equal(await button(page, 'Approve').count(), 0);
  await page.context().close();
});

await step(
  'a shell script is approved by keyboard, and only when its server is typed',
  async () => {
    const page = await somebody('sato', '/approvals');
    await page.getByRole('heading', { name: 'Exactly what would run' }).waitFor();
    const heading = await page.getByRole('heading', { name: /^Approval #/ }).innerText();
    await page.keyboard.press('j');
    await page.waitForURL(/id=/);
    await page.keyboard.press('k');
    await page.getByRole('heading', { name: heading }).waitFor();
    await page.keyboard.press('a');
    const approve = dialog(page).getByRole('button', { name: 'Approve', exact: true });
    assert.equal(await approve.isDisabled(), true);
    const label = await dialog(page)
      .getByText(/^Type .* to confirm$/)
      .innerText();
    const server = label.replace(/^Type (.*) to confirm$/, '$1');
    await dialog(page).getByRole('textbox').last().fill(server);
    await approve.click();
    await page.getByText(/approved\. It runs in a moment/).waitFor();
    await page.context().close();
  },
);

await step('all that match are closed in one go, with a reason', async () => {
  const page = await somebody('sato', '/events?alarm_name=budget');
  await page
    .getByRole('link', { name: /^#\d+$/ })
    .first()
    .waitFor();
  await button(page, 'Act on many').click();
  await page.getByRole('menuitem', { name: 'All that match the filter' }).click();
  await page.getByRole('menuitem', { name: 'Close as resolved' }).last().click();
  await dialog(page).getByRole('textbox').fill('a flow');
  await dialog(page).getByRole('button', { name: 'Close as resolved' }).click();
  await page.getByText('Done: 1').waitFor();
  await page.context().close();
});

await step("somebody else's change is shown, and one's own put on top of it", async () => {
  const one = await somebody('kim', '/runbooks/2');
  const other = await somebody('sato', '/runbooks/2');
  const title = (page: Page) => page.getByRole('textbox', { name: 'Title' });
  const wait = title(one).waitFor();
  await Promise.all([wait, title(other).waitFor()]);
  await title(one).fill('By Kim');
  await other.getByRole('spinbutton', { name: 'Priority' }).fill('77');
  await button(other, 'Save').click();
  await other.getByText('Saved.').first().waitFor();
  await button(one, 'Save').click();
  await dialog(one).getByText('Somebody else has saved meanwhile').waitFor();
  await dialog(one).getByRole('button', { name: 'Keep mine on top' }).click();
  await button(one, 'Save').click();
  await one.getByText('Saved.').first().waitFor();
  assert.equal(await one.getByRole('spinbutton', { name: 'Priority' }).inputValue(), '77');
  assert.equal(await title(one).inputValue(), 'By Kim');
  await one.context().close();
  await other.context().close();
});

await step(
  'a halt that somebody calls is seen by everybody at once, until it is lifted',
  async () => {
    const watcher = await somebody('lee', '/');
    const operator = await somebody('sato', '/halts');
    await button(operator, 'Halt').click();
    await dialog(operator).getByRole('textbox').fill('Stop everything');
    await dialog(operator).getByRole('button', { name: 'Halt', exact: true }).click();
    await watcher
      .getByText(/Stop everything|and 1 more/)
      .first()
      .waitFor({ timeout: 15_000 });
    const row = operator.getByRole('row', { name: /Stop everything/ });
    await row.getByRole('button', { name: 'Lift' }).click();
    await dialog(operator).getByRole('button', { name: 'Lift' }).click();
    await row.waitFor({ state: 'detached' });
    await watcher.context().close();
    await operator.context().close();
  },
);

await step('whoever is signed out elsewhere signs in again where they were', async () => {
  const page = await somebody('lee', '/servers');
  await page.getByRole('heading', { name: 'Servers', level: 1 }).waitFor();
  await page.context().clearCookies();
  await page.reload();
  await page.locator('input[autocomplete="username"]').waitFor();
  assert.match(page.url(), /\/servers$/);
  await page.context().close();
});

await step('whoever owes a password chooses one first', async () => {
  const context = await browser.newContext({ locale: 'en' });
  const page = await context.newPage();
  await page.goto(URL_);
  await page.locator('input[autocomplete="username"]').fill('new');
  await page.locator('input[autocomplete="current-password"]').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText('Choose your own first').waitFor();
  await page.locator('input[autocomplete="current-password"]').fill(PASSWORD);
  for (const field of await page.locator('input[autocomplete="new-password"]').all()) {
    await field.fill('another long secret');
  }
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
  await context.close();
});

await step('Enter that ends a Korean syllable sends nothing', async () => {
  const page = await somebody('sato', '/runbooks/3');
  await page.getByRole('textbox', { name: 'Title' }).click();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Input.imeSetComposition', { text: '한', selectionStart: 1, selectionEnd: 1 });
  await cdp.send('Input.dispatchKeyEvent', {
    type: 'keyDown',
    key: 'Enter',
    code: 'Enter',
    windowsVirtualKeyCode: 229,
  });
  await cdp.send('Input.insertText', { text: '한' });
  assert.match(await page.getByRole('textbox', { name: 'Title' }).inputValue(), /한/);
  assert.equal(await page.getByText('Saved.').count(), 0);
  await page.context().close();
});

await step('nine megabytes of output open at their end', async () => {
  const page = await somebody('lee', '/executions?requested_by=web:sato');
  await page
    .getByRole('link', { name: /^#\d+$/ })
    .first()
    .click();
  const began = Date.now();
  await page
    .getByText(/of 9 MB|The last/)
    .first()
    .waitFor();
  await page.locator('.cm-line:visible').last().waitFor();
  console.log(`   shown after ${Date.now() - began} ms`);
  await button(page, 'Load earlier output').click();
  await page.getByText(/The last 1\.\d MB/).waitFor();
  await page.context().close();
});

await browser.close();
console.log('All flows are well.');
