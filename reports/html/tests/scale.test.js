'use strict';
// A report of everything stays small and fast: limits with room, as a build machine may be busy.
// Prints what it measures. BPF_ASSAY names the program whose table of instructions is used, RESULTS
// a file of results with the vectors' real names.

const { test, before, after } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { execFileSync } = require('node:child_process');
const { fileURLToPath } = require('node:url');
const { write, launch, open } = require('./browser.js');
const { synthesize } = require('./synthetic.js');

const LIMITS = { megabytes: 15, paint: 2000, filter: 100 };
const slack = Number(process.env.SLACK || 1);
const program = process.env.BPF_ASSAY || '../../../build/release/bin/bpf-assay';
const skip = !fs.existsSync(program) && `no ${program} for the table of instructions`;

let browser;
let address;
before(async () => {
  if (skip) return;
  browser = await launch();
  const isa = JSON.parse(execFileSync(program, ['isa', '--json']));
  const results = process.env.RESULTS && JSON.parse(fs.readFileSync(process.env.RESULTS));
  address = write('scale', synthesize(isa, results));
});
after(() => browser?.close());

/** Milliseconds from the change of a filter until the frame with it is drawn. */
function timeOf(page, act) {
  return page.evaluate(
    (source) =>
      new Promise((resolve) => {
        const start = performance.now();
        new Function(source)();
        requestAnimationFrame(() => {
          const channel = new MessageChannel(); // its message comes behind the frame's layout and paint
          channel.port1.onmessage = () => resolve(performance.now() - start);
          channel.port2.postMessage(0);
        });
      }),
    act,
  );
}

const type = (
  label,
  text,
) => `const i = [...document.querySelectorAll('.field')].find((f) => f.textContent === '${label}').querySelector('input');
  i.value = '${text}'; i.dispatchEvent(new Event('input', { bubbles: true }));`;
const press = (name) =>
  `[...document.querySelectorAll('.filters button')].find((b) => b.textContent.trim().endsWith('${name}')).click();`;

test('the file is small enough to send', { skip }, (t) => {
  const size = fs.statSync(fileURLToPath(address)).size / 1e6;
  t.diagnostic(`${size.toFixed(1)} MB`);
  assert.ok(size < LIMITS.megabytes);
});

test('the first paint comes soon', { skip }, async (t) => {
  for (const view of ['summary', 'matrix']) {
    const { page, end } = await open(browser, `${address}#${view}`);
    const times = await page.evaluate(
      () =>
        new Promise((resolve) => {
          requestAnimationFrame(() =>
            setTimeout(() =>
              resolve({
                paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
                shown: performance.now(),
              }),
            ),
          );
        }),
    );
    t.diagnostic(
      `${view}: first paint ${Math.round(times.paint)} ms, view shown by ${Math.round(times.shown)} ms`,
    );
    assert.ok(times.paint < LIMITS.paint * slack);
    await end();
  }
});

test('a filter answers at once', { skip }, async (t) => {
  const { page, end } = await open(browser, `${address}#matrix`);
  const acts = {
    'type d': type('Instructions', 'd'),
    'type div': type('Instructions', 'div'),
    'type nothing': type('Instructions', ''),
    'runtimes linux': type('Runtimes', 'linux'),
    'all runtimes': type('Runtimes', ''),
    'group base64': press('base64'),
    'all groups': press('base64'),
    'outcome wrong': press('wrong'),
    'all outcomes': press('wrong'),
    divergences: press('Divergences only'),
    clear: press('Clear all'),
  };
  const best = {}; // of three: what else the machine does is not the page's time
  for (let round = 0; round < 3; ++round)
    for (const [name, act] of Object.entries(acts))
      best[name] = Math.min(best[name] ?? Infinity, await timeOf(page, act));
  for (const [name, time] of Object.entries(best)) t.diagnostic(`${name}: ${Math.round(time)} ms`);
  const slow = Object.entries(best).filter(([, time]) => time > LIMITS.filter * slack);
  await end();
  assert.deepEqual(slow, []);
});

test(
  'the keyboard walks to cells that were out of sight, and paper has all',
  { skip },
  async () => {
    const { page, end } = await open(browser, `${address}#matrix`);
    await page.locator('.box .go').first().focus();
    await page.keyboard.press('Control+End');
    const last = await page.evaluate(() => {
      const cell = document.activeElement.parentElement;
      const { bottom, right } = cell.getBoundingClientRect();
      const sight = cell.closest('.scroll').getBoundingClientRect();
      return {
        row: cell.parentElement.ariaRowIndex,
        column: cell.ariaColIndex,
        inSight: bottom <= sight.bottom && right <= sight.right,
      };
    });
    assert.deepEqual(last, { row: '172', column: '41', inSight: true });
    assert.ok((await page.locator('.box').count()) < 171 * 40);
    await page.emulateMedia({ media: 'print' });
    await page.waitForFunction((n) => document.querySelectorAll('.box').length === n, 171 * 40);
    await end();
  },
);
