'use strict';
// What the tests share: one browser, the report that is under test, and a page that watches for
// errors.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { chromium } = require('playwright-core');
const { assemble } = require('./assemble.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bpf-assay-report-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

const fixture = () => JSON.parse(fs.readFileSync(path.join(__dirname, 'fixture.json'), 'utf8'));

/** The address of a report with this data. */
function write(name, data) {
  const file = path.join(folder, `${name}.html`);
  fs.writeFileSync(file, assemble(data));
  return pathToFileURL(file).href;
}

/** The report under test: the one named by REPORT, or the fixture. */
function report() {
  return process.env.REPORT
    ? pathToFileURL(path.resolve(process.env.REPORT)).href
    : write('fixture', fixture());
}

// Signals end the tests at once: to close a browser that hangs would hang, too.
const SIGNALS = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };

const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox'],
    timeout: 60000,
    ...SIGNALS,
  });

/**
 * What a page of Playwright or Puppeteer does and must not do: complaints on the console, requests
 * of anything but files.
 */
function watch(page) {
  const faults = [];
  page.on('console', (message) => {
    if (['error', 'warning', 'warn'].includes(message.type())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    if (!/^(file|data):/.test(request.url())) faults.push(`request of ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog ${dialog.message()}`);
    dialog.dismiss();
  });
  return faults;
}

async function open(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const faults = watch(page);
  await page.goto(address);
  await page.locator('main h2').waitFor();
  const end = async () => {
    await context.close();
    assert.deepEqual(faults, []);
  };
  return { page, end };
}

/** The page's own listener was there first, so the view is shown when ours is called. */
function go(page, fragment) {
  return page.evaluate(
    (f) =>
      new Promise((resolve) => {
        if (location.hash === f) return resolve();
        addEventListener('hashchange', () => resolve(), { once: true });
        location.hash = f;
      }),
    fragment,
  );
}

/** Cells that a filter of outcomes has left, worst or not: not all of them exist before. */
const FOUND = '.matrix .box:not(.nothing) a';

/**
 * The outcome of this report that has most to show: not every report has a divergence that is not
 * known.
 */
async function telling(page) {
  const outcome = await page.evaluate(() => {
    const looks = ['bad', 'known', 'tolerated', 'open', 'absent', 'fine', 'good'];
    const chips = [...document.querySelectorAll('.chips[aria-label=Outcome] .chip')];
    const rank = (chip) =>
      looks.findIndex((look) => chip.querySelector('.sign').classList.contains(look));
    return chips.sort((a, b) => rank(a) - rank(b))[0]?.dataset.value;
  });
  assert.ok(outcome, 'no runtime of this report has an outcome');
  return outcome;
}

/** Fragments of one page of each view, found by what the report's own pages link to. */
async function views(page) {
  await go(page, '#matrix');
  const first = (selector) =>
    page.evaluate((s) => document.querySelector(s)?.getAttribute('href') ?? null, selector);
  const outcome = await telling(page);
  await go(page, `#matrix?outcome=${encodeURIComponent(outcome)}`);
  const cell = await first(FOUND);
  const instruction = await first('.matrix [role=rowheader] a[href]');
  const runtime = await first('.matrix .head a[href]');
  await go(page, cell);
  const divergence = await first('.vectors th a');
  await go(page, divergence);
  const vector = await first('.lead a[href^="#vector?"]');
  return {
    summary: '#summary',
    matrix: '#matrix',
    instruction,
    runtime,
    vectors: cell,
    divergence,
    vector,
    compare: '#compare',
    coverage: '#coverage',
    history: '#history',
    missing: '#nothing-like-it',
  };
}

module.exports = {
  SIGNALS,
  fixture,
  write,
  report,
  launch,
  watch,
  open,
  go,
  views,
  telling,
  FOUND,
};
