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

// The snapshot is checked by reading it; UPDATE=1 writes it.
test('the text of each page is that of the snapshot', async () => {
  const { page, end } = await open(browser, write('snapshot', fixture()));
  const texts = [];
  for (const fragment of PAGES) {
    await go(page, fragment);
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
    runtime.facts = { [`fact ${text}`]: text };
    runtime.unexplained = [text];
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
  for (const point of data.history[0].points) point.file = text;
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
