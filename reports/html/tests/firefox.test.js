'use strict';
// The fixture's page in Firefox: that it works in a second engine. What it has to look like is tested
// in Chromium.

const { test, before, after } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const puppeteer = require('puppeteer-core');
const { SIGNALS, fixture, write, watch, go, views } = require('./browser.js');

const executablePath = process.env.FIREFOX || '/usr/bin/firefox-esr';
const skip = !fs.existsSync(executablePath) && `no ${executablePath}; FIREFOX names another`;

// As Chromium's --no-sandbox: in containers there is no right to make one.
const UNSANDBOXED = {
  MOZ_DISABLE_CONTENT_SANDBOX: '1',
  MOZ_DISABLE_GMP_SANDBOX: '1',
  MOZ_DISABLE_RDD_SANDBOX: '1',
  MOZ_DISABLE_SOCKET_PROCESS_SANDBOX: '1',
  MOZ_DISABLE_UTILITY_SANDBOX: '1',
};
const UI_DARK = {
  'ui.systemUsesDarkTheme': 1,
  'layout.css.prefers-color-scheme.content-override': 0,
};

const launch = (extraPrefsFirefox = {}) =>
  puppeteer.launch({
    browser: 'firefox',
    protocol: 'webDriverBiDi',
    headless: true,
    executablePath,
    env: { ...process.env, ...UNSANDBOXED },
    extraPrefsFirefox,
    timeout: 120000,
    ...SIGNALS,
  });

let browser;
let address;
before(async () => {
  if (skip) return;
  browser = await launch();
  address = write('firefox', fixture());
});
after(() => browser?.close());

async function open(from, fragment = '', viewport = { width: 1280, height: 900 }) {
  const page = await from.newPage();
  const faults = watch(page);
  await page.setViewport(viewport);
  await page.goto(`${address}${fragment}`);
  await page.waitForSelector('main h2');
  const end = async () => {
    await page.close();
    assert.deepEqual(faults, []);
  };
  return { page, end };
}

const textOf = (page, selector) => page.$eval(selector, (e) => e.textContent);
const hashOf = (page) => page.evaluate(() => location.hash);
const paperOf = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

test('it is Firefox, and a fault on its console is one', { skip }, async () => {
  assert.match(await browser.version(), /firefox/i);
  const page = await browser.newPage();
  const faults = watch(page);
  await page.goto(address);
  await page.evaluate(() => {
    console.warn('careful');
    console.error('broken');
  });
  await page.close();
  assert.deepEqual(faults, ['careful', 'broken']);
});

test('every view is shown', { skip }, async () => {
  const { page, end } = await open(browser);
  const titles = new Set();
  for (const fragment of Object.values(await views(page))) {
    await go(page, fragment);
    assert.ok((await textOf(page, 'main')).length > 20, fragment);
    titles.add(await page.title());
  }
  assert.equal(titles.size, 11);
  await end();
});

test('a filter leaves the rows that it names, and the address keeps it', { skip }, async () => {
  const { page, end } = await open(browser, '#matrix');
  const rows = () => page.$$eval('.matrix .row', (all) => all.filter((e) => !e.hidden).length);
  const all = await rows();
  const field = await page.$('input[placeholder^="mnemonic"]');
  await field.type('div');
  const some = await rows();
  assert.ok(some > 0 && some < all, `${some} of ${all}`);
  assert.match(await textOf(page, '.count'), new RegExp(`^${some} of ${all} rows`));
  assert.match(await hashOf(page), /q=div/);
  await end();
});

test('links lead from the matrix to a divergence', { skip }, async () => {
  const { page, end } = await open(browser, '#matrix');
  await page.click('.matrix .box.bad a');
  await page.waitForSelector('.vectors th a');
  const id = await textOf(page, '.vectors th a');
  await page.click('.vectors th a');
  await page.waitForSelector('.copy');
  assert.match(await hashOf(page), /^#divergence\?/);
  assert.equal(await textOf(page, 'h2'), id);
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H2');
  await page.goBack();
  await page.waitForSelector('.vectors');
  await end();
});

test('a reproducer is copied', { skip }, async () => {
  const { page, end } = await open(browser);
  await go(page, (await views(page)).divergence);
  await page.click('.copy button');
  await page.waitForFunction(() =>
    /^Copied$/.test(document.querySelector('.copy button').textContent),
  );
  await end();
});

test('the button makes it dark, and light again', { skip }, async () => {
  const { page, end } = await open(browser);
  const light = await paperOf(page);
  await page.click('#scheme');
  const dark = await paperOf(page);
  assert.notEqual(dark, light);
  assert.match(await hashOf(page), /scheme=dark/);
  await page.click('#scheme');
  assert.equal(await paperOf(page), light);
  await end();
});

test('it is dark where the system is', { skip }, async () => {
  const dark = await launch(UI_DARK);
  const { page, end } = await open(dark);
  assert.equal(await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches), true);
  const system = await paperOf(page);
  await page.click('#scheme'); // dark by choice, which has to look the same
  assert.equal(await paperOf(page), system);
  await end();
  await dark.close();
});

test('no view is wider than a screen of 400 pixels', { skip }, async () => {
  const { page, end } = await open(browser, '', { width: 400, height: 800 });
  for (const [name, fragment] of Object.entries(await views(page))) {
    await go(page, fragment);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 400, `${name} has ${width}`);
  }
  await end();
});
