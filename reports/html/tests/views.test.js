'use strict';
// Every view of a report, that of REPORT or the fixture's: it works by mouse, by keyboard, on a
// narrow screen, in both schemes, on paper, and for assistive technology.

const { test, before, after } = require('node:test');
const assert = require('node:assert/strict');
const axe = require('axe-core');
const { report, launch, open, go, views } = require('./browser.js');

let browser;
let address;
before(async () => {
  browser = await launch();
  address = report();
});
after(() => browser.close());

const hashOf = (page) => page.evaluate(() => location.hash);

test('opens with the summary', async () => {
  const { page, end } = await open(browser, address);
  assert.equal(await page.locator('h2').textContent(), 'Summary');
  assert.match(await page.title(), /^Summary/);
  assert.ok((await page.locator('.summary tbody tr').count()) > 0);
  await end();
});

test('a filter changes rows, counts and the address, and the address brings the filter back', async () => {
  const { page, end } = await open(browser, `${address}#matrix`);
  const rows = () => page.locator('.matrix .row:visible').count();
  const all = await rows();
  await page.getByLabel('Instructions', { exact: true }).fill('div');
  const some = await rows();
  assert.ok(some > 0 && some < all, `${some} of ${all}`);
  assert.match(await page.locator('.count').textContent(), new RegExp(`^${some} of`));
  assert.match(await hashOf(page), /q=div/);
  await page.reload();
  assert.equal(await rows(), some);
  await page.getByRole('button', { name: 'Clear all' }).click();
  assert.equal(await rows(), all);
  await end();
});

test('a chip of an outcome leaves the rows and columns that have it', async () => {
  const { page, end } = await open(browser, `${address}#matrix`);
  const columns = () => page.locator('.matrix .column:visible').count();
  const all = await columns();
  await page.getByRole('button', { name: 'Divergences only' }).click();
  assert.ok((await columns()) <= all);
  assert.equal(await page.locator('.matrix .box.good:visible').count(), 0);
  assert.match(await hashOf(page), /outcome=wrong/);
  await end();
});

test('a cell leads to its vectors, a vector to its divergence, and that to all runtimes', async () => {
  const { page, end } = await open(browser, `${address}#matrix`);
  // Cells exist where they can be seen; of a real report, the first of these may be far down.
  await page.getByRole('button', { name: 'Divergences only' }).click();
  await page.locator('.matrix .box.bad a').first().click();
  assert.match(await hashOf(page), /^#vectors\?/);
  const id = await page.locator('.vectors th a').first().textContent();
  await page.locator('.vectors th a').first().click();
  assert.match(await hashOf(page), /^#divergence\?/);
  assert.equal(await page.locator('h2').textContent(), id);
  await page.getByText('On all runtimes').click();
  assert.match(await hashOf(page), /^#vector\?/);
  await page.goBack();
  assert.equal(await page.locator('h2').textContent(), id);
  await end();
});

test('two runtimes are compared, and swapped', async () => {
  const { page, end } = await open(browser, `${address}#compare`);
  const titles = () => page.locator('.pair select').evaluateAll((s) => s.map((e) => e.value));
  const [a, b] = await titles();
  assert.notEqual(a, b);
  await page.getByRole('button', { name: 'Swap' }).click();
  assert.deepEqual(await titles(), [b, a]);
  assert.match(await hashOf(page), /a=.*&b=/);
  await end();
});

test('a reproducer is copied by the clipboard', async () => {
  const { page, end } = await open(browser, address, {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await go(page, (await views(page)).divergence);
  await page.getByRole('button', { name: 'Copy: Command' }).click();
  await page.getByRole('button', { name: 'Copy: Command' }).getByText('Copied').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^bpf-assay run --/);
  await end();
});

test('a reproducer is copied by selection where there is no clipboard', async () => {
  const { page, end } = await open(browser, address);
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    document.addEventListener('copy', () => {
      window.copied = document.activeElement.value;
    });
  });
  await go(page, (await views(page)).divergence);
  await page.getByRole('button', { name: 'Copy: Command' }).click();
  assert.match(await page.evaluate(() => window.copied), /^bpf-assay run --/);
  await end();
});

test('the scheme follows the system, then the button, and stands in every link', async () => {
  const { page, end } = await open(browser, address, { colorScheme: 'dark' });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await paper();
  await page.emulateMedia({ colorScheme: 'light' });
  assert.notEqual(await paper(), dark);
  await page.locator('#scheme').click();
  assert.equal(await paper(), dark);
  await page.getByRole('link', { name: 'Coverage' }).click();
  assert.match(await hashOf(page), /scheme=dark/);
  assert.equal(await paper(), dark);
  await end();
});

test('no view is wider than a screen of 400 pixels, or than a sheet of paper', async () => {
  const { page, end } = await open(browser, address, { viewport: { width: 400, height: 800 } });
  const all = await views(page);
  for (const [name, fragment] of Object.entries(all)) {
    await go(page, fragment);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 400, `${name} has ${width}`);
  }
  await end();
});

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing, ${colorScheme}`, async () => {
    const { page, end } = await open(browser, address, { colorScheme });
    const all = await views(page);
    await page.evaluate(axe.source);
    for (const [name, fragment] of Object.entries(all)) {
      await go(page, fragment);
      const violations = await page.evaluate(async () =>
        (await window.axe.run()).violations.map(
          (v) =>
            `${v.id}: ${v.nodes
              .slice(0, 3)
              .map((n) => n.html.slice(0, 160))
              .join(' | ')}`,
        ),
      );
      assert.deepEqual(violations, [], name);
    }
    await end();
  });
}

test('the keyboard alone reaches a cell and what is behind it', async () => {
  const { page, end } = await open(browser, `${address}#matrix`);
  const inGrid = () => page.evaluate(() => Boolean(document.activeElement.closest('.matrix .box')));
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'skip');
  for (let i = 0; i < 80 && !(await inGrid()); ++i) await page.keyboard.press('Tab');
  assert.ok(await inGrid());
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  assert.ok(await inGrid());
  await page.keyboard.press('Enter');
  await page.locator('.vectors').waitFor();
  assert.match(await hashOf(page), /^#vectors\?runtime=/);
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H2');
  await end();
});

test('the skip link skips, and leaves the state in the address', async () => {
  const { page, end } = await open(browser, `${address}#coverage`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  assert.equal(await hashOf(page), '#coverage');
  await end();
});

test('on paper there are no controls, and nothing scrolls', async () => {
  const { page, end } = await open(browser, `${address}#matrix`);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.filters').isVisible(), false);
  assert.equal(
    await page.locator('.tall').evaluate((e) => getComputedStyle(e).overflow),
    'visible',
  );
  await end();
});

test('without JavaScript the page says what it needs', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(address);
  assert.match(await page.locator('noscript').innerText(), /needs JavaScript/);
  await context.close();
});
