'use strict';
// Puts page, style, scripts and data together, just as `bpf-assay report` does. For tests.
//   node assemble.js DATA.json REPORT.html

const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');

const home = path.join(__dirname, '..');
const read = (name) => fs.readFileSync(path.join(home, name), 'utf8');

const parts = read('parts.txt').split('\n').filter(Boolean);

/** All files with this extension, in the order of parts.txt. */
function joined(extension) {
  const texts = parts.filter((name) => name.endsWith(extension)).map(read);
  const text = texts.join('\n');
  if (/<\/(script|style)|<!--/i.test(text)) throw new Error(`a ${extension} file ends its element`);
  return text;
}

const embedded = (data) => zlib.deflateSync(JSON.stringify(data)).toString('base64');

function assemble(data) {
  const contents = { style: joined('.css'), data: embedded(data), scripts: joined('.js') };
  return read('page.html').replace(/<!-- assay:(\w+) -->/g, (_, name) => contents[name]);
}

module.exports = { assemble };

if (require.main === module) {
  const [dataFile, reportFile] = process.argv.slice(2);
  fs.writeFileSync(reportFile, assemble(JSON.parse(fs.readFileSync(dataFile, 'utf8'))));
}
