'use strict';
// What is written on the fixture's pages, and what hostile strings do there.

const { test, before, after } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { fixture, write, launch, open, go, views } = require('./browser.js');

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const PAGES = [
  '#summary',
  '#matrix',
  '#matrix?outcome=wrong,crash',
  '#instruction?name=div64_reg',
  '#instruction?name=lddw',
  '#instruction?name=none',
  '#vectors?runtime=my-vm:jit&instruction=div64_reg',
  '#vectors?clause=RFC9669-4.1-DIV',
  '#vector?id=div64-reg/wide-divisor',
  '#divergence?id=div64-reg/wide-divisor&runtime=my-vm:jit',
  '#divergence?id=div64-reg/r4-by-r7&runtime=my-vm:jit',
  '#divergence?id=lddw/first-instruction&runtime=my-vm:jit',
  '#divergence?id=div64-reg/zero&runtime=reference_vm',
  '#runtime?key=my-vm:jit',
  '#runtime?key=ubpf:jit',
  '#compare?a=my-vm:jit&b=old-vm',
  '#coverage',
  '#history',
  '#divergence?id=no/such&runtime=my-vm',
];

const unfold = (page) =>
  page.evaluate(() => {
    for (const details of document.querySelectorAll('main details')) details.open = true;
  });

// The snapshot is checked by reading it; UPDATE=1 writes it.
test('the text of each page is that of the snapshot', async () => {
  const { page, end } = await open(browser, write('snapshot', fixture()));
  const texts = [];
  for (const fragment of PAGES) {
    await go(page, fragment);
    await unfold(page);
    const text = await page.locator('main').innerText();
    texts.push(`======== ${fragment}\n${text.replace(/[ \t]+$/gm, '').replace(/\n{2,}/g, '\n')}\n`);
  }
  await end();
  const file = path.join(__dirname, 'snapshot.txt');
  if (process.env.UPDATE) fs.writeFileSync(file, texts.join('\n'));
  assert.equal(texts.join('\n'), fs.readFileSync(file, 'utf8'));
});

const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '</script><script>alert(2)</script><!--',
  'line\u2028paragraph\u2029end',
  'right \u202eto left\u202c \u2066isolated',
  'x'.repeat(5000),
  '"\'`${alert(3)}javascript:alert(4)',
  '\u0000\u0007\ufeff\ud800',
];

/** Puts a hostile string behind every string that a plugin can choose. */
function poison(data, text) {
  for (const runtime of data.runtimes) {
    for (const key of ['title', 'command', 'why', 'version', 'engine'])
      if (runtime[key]) runtime[key] += text;
    runtime.facts = { [`fact ${text}`]: text, executed_by: text };
    runtime.unexplained = [text];
    Object.assign(runtime, { partly: [text, text], caveats: [text] });
    delete runtime.name; // then the title stands in heads of columns
    for (const failure of Object.values(runtime.failures)) {
      failure.why += text;
      for (const first of failure.first || []) {
        Object.assign(first, {
          why: text,
          program_text: text,
          stderr: [text, text],
          memory_before: text,
        });
        first.differences = [
          { place: text, expected: text, seen: '0x01' },
          { place: 'r3', expected: '0x01', seen: text },
        ];
      }
    }
  }
  for (const program of data.programs)
    program.disassembly = program.disassembly.map((line) => line + text);
  for (const vector of data.vector_list)
    Object.assign(vector, { because: text, yaml: text, statement: text });
  for (const run of data.runs)
    Object.assign(run, { file: text, command: [text, text], profile: text });
  for (const { points } of data.history)
    for (const point of points) Object.assign(point, { file: text, partial: text });
  data.history[1].title = text; // a runtime that is not in this report
  data.comparison_notes = [text];
  for (const comparison of data.comparisons) {
    for (const key of ['old', 'new']) if (comparison[key]) comparison[key] += text;
    Object.assign(comparison, { old_run: text, new_run: text, notes: [text, text] });
    for (const change of comparison.gone || []) Object.assign(change, { id: text, old: text });
  }
  Object.assign(data.coverage.mutants, {
    survivors: [{ id: text, what: text }],
    operators: [{ operator: text, generated: 1 }],
  });
  Object.assign(data, { tool: text, command: [text] });
  return data;
}

for (const text of HOSTILE) {
  test(`a hostile string is only text: ${JSON.stringify(text.slice(0, 24))}`, async () => {
    const { page, end } = await open(browser, write('hostile', poison(fixture(), text)), {
      viewport: { width: 400, height: 800 },
    });
    for (const [name, fragment] of Object.entries(await views(page))) {
      await go(page, fragment);
      await unfold(page);
      const seen = await page.evaluate(() => ({
        width: document.documentElement.scrollWidth,
        images: document.images.length,
        scripts: document.scripts.length,
        odd: /[\u0000\u0007\u2028-\u202e\u2066-\u2069\ufeff]/.test(document.body.innerText),
      }));
      assert.ok(seen.width <= 400, `${name} is ${seen.width} wide`);
      assert.deepEqual([seen.images, seen.scripts, seen.odd], [0, 2, false], name);
    }
    await end();
  });
}

test('hostile strings do not leave their quotes in what is copied', async () => {
  const data = fixture();
  data.runtimes[1].command = './vm\'; rm -rf "$HOME" \u202e\n';
  data.programs[0].disassembly[1] = '*/ } int x; \\\n \\';
  const { page, end } = await open(browser, write('quotes', data));
  await go(page, '#divergence?id=div64-reg/wide-divisor&runtime=my-vm:jit');
  const texts = await page.locator('.copy code').allTextContents();
  assert.ok(
    texts.includes(
      "bpf-assay run --plugin $'./vm\\'; rm -rf \"$HOME\" \\u202e\\u000a' 'div64-reg/wide-divisor'",
    ),
    texts[0],
  );
  const lines = texts
    .find((t) => t.includes('uint8_t'))
    .trim()
    .split('\n');
  assert.equal(lines.length, 7);
  assert.ok(
    lines.slice(2, 6).every((line) => /^    (0x[0-9a-f]{2}, ){8}\/\/ .*[^\\]$/.test(line)),
    lines.join('\n'),
  );
  await end();
});

test('data with only what is required is shown', async () => {
  const data = fixture();
  for (const key of ['coverage', 'comparisons', 'history']) delete data[key];
  for (const vector of data.vector_list) {
    delete vector.yaml;
    delete vector.because;
  }
  for (const failure of Object.values(data.runtimes[1].failures)) failure.first = [];
  const { page, end } = await open(browser, write('least', data));
  for (const fragment of Object.values(await views(page))) await go(page, fragment);
  assert.equal(await page.getByRole('link', { name: 'History' }).count(), 0);
  await end();
});

test('what became worse is open, and links lead only to what is in the report', async () => {
  const { page, end } = await open(browser, `${write('history', fixture())}#history`);
  const shown = await page.locator('.comparison details[open] > summary').allTextContents();
  assert.deepEqual(shown, ['Regressed 1', 'Without a verdict now 1', 'Not in the new results 2']);
  const links = await page
    .locator('.comparison a, .trend a')
    .evaluateAll((all) => all.map((a) => a.hash));
  assert.ok(links.length >= 6);
  for (const fragment of new Set(links)) {
    await go(page, fragment);
    assert.notEqual(await page.locator('h2').textContent(), 'Not in this report', fragment);
  }
  await end();
});

test('a trend counts divergences and known ones apart, and no line joins a partial run', async () => {
  const { page, end } = await open(browser, `${write('trend', fixture())}#history`);
  const chart = page.locator('.trend').first().locator('.chart');
  const titles = (selector) => chart.locator(`${selector} title`).allTextContents();
  const values = async (selector) => (await titles(selector)).map((t) => Number(t.split(': ')[1]));
  assert.deepEqual(await values('.point.first'), [6, 3, 1, 2]);
  assert.deepEqual(await values('.point.second'), [0, 0, 0, 1]);
  assert.deepEqual(await titles('.point.first.apart'), ['2026-11-25 08:00:00 UTC: 1']);
  const path = await chart.locator('.line.first').getAttribute('d');
  assert.equal(path.match(/[ML]/g).join(''), 'MLL');
  await end();
});

test('a reproducer as YAML is copied as it is', async () => {
  const data = fixture();
  const { page, end } = await open(browser, write('yaml', data), {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const { id, yaml } = data.vector_list[4];
  assert.match(yaml, /\u202e/); // shown otherwise
  await go(page, `#divergence?id=${id}&runtime=my-vm:jit`);
  const labels = await page.locator('.copy figcaption span').allTextContents();
  assert.deepEqual(labels, ['Command', 'YAML', 'C']);
  await page.getByRole('button', { name: 'Copy: YAML' }).click();
  await page.getByRole('button', { name: 'Copy: YAML' }).getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), yaml);
  await end();
});

/** The fixture with so many vectors that each list of them has more than it shows at first. */
function long() {
  const data = fixture();
  const { vector_list: vectors } = data;
  const extra = Array.from({ length: 400 }, (_, i) => ({ ...vectors[4], id: `many/of-them-${i}` }));
  vectors.push(...extra);
  const letters = ['a', 'c', 'a', '.']; // pass, wrong, pass, not in this run
  data.runtimes.forEach((runtime, r) => {
    runtime.cells += letters[r].repeat(extra.length);
  });
  data.comparisons[0].regressed = extra.map(({ id }) => ({ id, old: 0, new: 2 }));
  return data;
}

const LONG_LISTS = [
  ['#vectors?runtime=my-vm:jit', 300],
  ['#instruction?name=div64_reg', 300],
  ['#runtime?key=my-vm:jit', 300],
  ['#compare?a=my-vm:jit&b=old-vm', 300],
  ['#history', 200],
];
for (const [fragment, shown] of LONG_LISTS) {
  test(`who shows all by the keyboard goes on where the list went on: ${fragment}`, async () => {
    const { page, end } = await open(browser, `${write('long', long())}${fragment}`);
    const button = page.getByRole('button', { name: /^Show all/ });
    const table = page
      .locator('table')
      .filter({ has: page.getByText('many/of-them-5', { exact: true }) });
    const heads = table.locator('tbody th[scope=row]');
    assert.equal(await heads.count(), shown);
    const all = Number(/\d+/.exec(await button.textContent())[0]);
    await button.focus();
    await page.keyboard.press('Enter');
    assert.equal(await heads.count(), all);
    assert.equal(await button.count(), 0);
    const focused = await page.evaluate(() => document.activeElement.textContent);
    assert.equal(focused, await heads.nth(shown).textContent());
    await page.keyboard.press('Shift+Tab'); // back into the part that was there before
    const before = await page.evaluate(() => document.activeElement.closest('tr')?.rowIndex);
    assert.ok(before > 0, String(before));
    await end();
  });
}

test('a file that was cut short says so', async () => {
  const whole = new URL(write('whole', fixture()));
  const cut = new URL(whole.href.replace('whole', 'cut'));
  const data = /(?<=id="data">\n)[A-Za-z0-9+/=]+/;
  const text = fs.readFileSync(whole, 'utf8');
  fs.writeFileSync(
    cut,
    text.replace(data, (all) => all.slice(0, 4000)),
  );
  const page = await browser.newPage();
  await page.goto(cut.href);
  await page.getByText('The results in this file cannot be read').waitFor();
  await page.close();
});

test('a group that a runtime does not have is no failure of it', async () => {
  const data = fixture();
  const [group] = data.runtimes[0].groups;
  group.verdict = data.verdicts.indexOf('not held');
  group.outcomes = data.outcomes.map((name) => (name === 'unsupported' ? group.vectors : 0));
  const { page, end } = await open(browser, write('unsupported', data));
  const cell = page.locator('table.summary tbody tr').first().locator('td').first();
  assert.match(await cell.textContent(), /^U ?not supported/);
  assert.equal(await cell.locator('.sign.bad').count(), 0);
  await end();
});
