'use strict';
// Every view of a report, that of REPORT or the fixture's: it works by mouse, by keyboard, on a
// narrow screen, in both schemes, on paper, and for assistive technology.

const { test, before, after } = require('node:test');
const assert = require('node:assert/strict');
const axe = require('axe-core');
const { report, launch, open, go, views, telling, FOUND } = require('./browser.js');

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
  const name = await page.locator('.matrix .row [role=rowheader] .go').first().textContent();
  await page.getByLabel('Instructions', { exact: true }).fill(name);
  const some = await rows();
  assert.ok(some > 0 && some < all, `${some} of ${all}`);
  assert.match(await page.locator('.count').textContent(), new RegExp(`^${some} of`));
  assert.match(await hashOf(page), new RegExp(`q=${name}`));
  await page.reload();
  assert.equal(await rows(), some);
  await page.getByRole('button', { name: 'Clear all' }).click();
  assert.equal(await rows(), all);
  await end();
});

test('a chip of an outcome leaves the rows and columns that have it', async () => {
  const { page, end } = await open(browser, `${address}#matrix`);
  const outcome = await telling(page);
  await page.locator(`.chip[data-value="${outcome}"]`).click();
  const columns = await page.locator('.matrix .column:visible').count();
  const rows = await page.locator('.matrix .row:visible').count();
  assert.ok(columns > 0 && rows > 0, `${columns} columns, ${rows} rows`);
  const looks = await page
    .locator('.matrix .box:not(.nothing)')
    .evaluateAll((all) => all.map((box) => box.className));
  assert.equal(new Set(looks).size, 1, [...new Set(looks)].join());
  assert.match(await hashOf(page), /outcome=/);
  await end();
});

test('divergences only: what is shown is one, or nothing is', async () => {
  const { page, end } = await open(browser, `${address}#matrix`);
  await page.getByRole('button', { name: 'Divergences only' }).click();
  assert.match(
    await page.locator('.count').textContent(),
    /: ([\d,]+) cells? with an outcome, \1 /,
  );
  assert.equal(await page.locator('.matrix .box:not(.bad, .nothing)').count(), 0);
  assert.match(await hashOf(page), /outcome=wrong/);
  await end();
});

test('a cell leads to its vectors, a vector to its divergence, and that to all runtimes', async () => {
  const { page, end } = await open(browser, `${address}#matrix`);
  // Cells exist where they can be seen; of a real report, the first of these may be far down.
  await page.locator(`.chip[data-value="${await telling(page)}"]`).click();
  await page.locator(FOUND).first().click();
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
  const choices = await page.locator('.pair select').first().locator('option').count();
  assert.ok(a !== b || choices === 1, `${a} and ${b}`);
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

test('no view is wider than a screen of 400 pixels', async () => {
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
  /** Row and column of the cell with the focus, and whether anything is behind it. */
  const cell = () =>
    page.evaluate(() => {
      const box = document.activeElement.closest('.matrix .box');
      if (!box) return null;
      const row = Number(box.parentElement.ariaRowIndex);
      return { row, column: Number(box.ariaColIndex), leads: Boolean(document.activeElement.href) };
    });
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'skip');
  for (let i = 0; i < 200 && !(await cell()); ++i) await page.keyboard.press('Tab');
  const start = await cell();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key);
  assert.deepEqual({ ...(await cell()), leads: start.leads }, { ...start, row: start.row + 1 });
  await page.keyboard.press('ArrowLeft');
  assert.equal(await cell(), null); // the row's name
  await page.keyboard.press('ArrowRight');
  assert.equal((await cell()).column, start.column);
  const columns = await page.locator('.matrix .column').count();
  for (let c = 0; c < columns && !(await cell()).leads; ++c) await walkDown(page, cell);
  await page.keyboard.press('Enter');
  await page.locator('.vectors').waitFor();
  assert.match(await hashOf(page), /^#vectors\?runtime=/);
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H2');
  await end();
});

/** Down to a cell that leads somewhere; if there is none, to the top of the next column. */
async function walkDown(page, cell) {
  let last = 0;
  for (let at = await cell(); !at.leads && at.row !== last; at = await cell()) {
    last = at.row;
    await page.keyboard.press('ArrowDown');
  }
  if ((await cell()).leads) return;
  const { column } = await cell();
  await page.keyboard.press('Control+Home');
  for (let c = 1; c < column; ++c) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
}

test('the skip link skips, and leaves the state in the address', async () => {
  const { page, end } = await open(browser, `${address}#coverage`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  assert.equal(await hashOf(page), '#coverage');
  await end();
});

const PAPER = { width: 1030, height: 700 }; // A4 on its side without margins, in CSS pixels

for (const view of ['summary', 'matrix', 'runtime', 'divergence', 'compare', 'history']) {
  test(`on paper there are no controls, and nothing is cut: ${view}`, async () => {
    const { page, end } = await open(browser, address, { viewport: PAPER, colorScheme: 'dark' });
    await go(page, (await views(page))[view]);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('nav:visible, button:visible, input:visible').count(), 0);
    const ink = await page.evaluate(() => getComputedStyle(document.body).color);
    assert.equal(ink, 'rgb(27, 31, 35)'); // dark on light, whatever the scheme
    const cut = await page.evaluate((width) => {
      const parts = [
        ...document.querySelectorAll('main :is(table, .matrix, pre, .scroll, .why, svg)'),
      ];
      return parts
        .filter((e) => {
          const { overflowX, overflowY } = getComputedStyle(e);
          const scrolls = overflowX !== 'visible' || overflowY !== 'visible';
          const more = e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight;
          return e.getBoundingClientRect().right > width || (scrolls && more);
        })
        .map((e) => e.outerHTML.slice(0, 100));
    }, PAPER.width);
    assert.deepEqual(cut, []);
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    assert.ok(pdf.match(/\/Type \/Page\b/g).length > 0);
    const [, width, height] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf);
    assert.ok(Number(width) > Number(height), `${width} by ${height}`);
    await end();
  });
}

test('on paper a vector of a runtime has all that is folded', async () => {
  const { page, end } = await open(browser, address);
  await go(page, (await views(page)).divergence);
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('main details')) details.open = false;
  });
  const allShown = () =>
    [...document.querySelectorAll('main details:not(.long) > :not(summary)')].every((e) =>
      e.checkVisibility(),
    );
  const folds = await page.locator('main details:not(.long)').count();
  assert.equal(await page.evaluate(allShown), folds === 0);
  await page.emulateMedia({ media: 'print' });
  await page.waitForFunction(allShown);
  await end();
});

test('without JavaScript the page says what it needs', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(address);
  assert.match(await page.locator('noscript').innerText(), /needs JavaScript/);
  await context.close();
});
