'use strict';
// Data as large as a report of everything: 40 runtimes, all instructions, 5,929 vectors, failures
// as runtimes have them. Always the same for the same input.
//   bpf-assay isa --json > isa.json
//   node synthetic.js isa.json [results.json] > data.json
// With the results of a run, vectors have their real names; without, made-up ones.

const fs = require('node:fs');

const {
  OUTCOMES,
  VERDICTS,
  GROUPS,
  SECTIONS,
  CODE,
  below,
  hex64,
} = require('./synthetic_values.js');
const { catalogue, runtimeOf } = require('./synthetic_runtimes.js');

const VECTORS = 5929;

function instructionsOf(isa) {
  const order = SECTIONS.map(([number]) => number);
  return isa.instructions
    .sort((a, b) => order.indexOf(a.section) - order.indexOf(b.section) || a.opcode - b.opcode)
    .map((instruction) => ({ ...instruction, bins: [200 + below(40), 240] }));
}

function clausesOf() {
  return SECTIONS.flatMap(([section, title]) =>
    Array.from({ length: 21 }, (_, i) => ({
      id: `RFC9669-${section}-STATEMENT-${i}`,
      section,
      text: `Statement ${i} of ${title}: what an implementation has to do in one case of it, in words that fit on two lines of this page.`,
      ...(i === 20 && { untestable: 'A permission: to do it and not to do it are both right.' }),
    })),
  );
}

/** The real names if there are results, else the same number spread over the instructions. */
function namesOf(results, instructions) {
  const known = results
    ? results.runtimes[0].vectors.map((v) => ({
        id: v.id,
        kind: v.kind,
        section: v.section,
        group: v.group,
        tests: v.tests,
      }))
    : [];
  while (known.length < VECTORS) {
    const n = known.length;
    const { mnemonic, section, group } = instructions[n % instructions.length];
    const kind = n % 4 ? 'explicit' : 'encoding';
    known.push({
      id: `${mnemonic.replaceAll('_', '-')}/made-up-${n}`,
      kind,
      section,
      group: kind === 'encoding' ? undefined : group,
      tests: [mnemonic],
    });
  }
  return known;
}

function vectorsOf(results, instructions, clauses) {
  const index = new Map(instructions.map((instruction, i) => [instruction.mnemonic, i]));
  return namesOf(results, instructions).map((v) => {
    const ofSection = clauses.flatMap((c, i) =>
      c.section === v.section && !c.untestable ? [i] : [],
    );
    const tests = v.tests.map((name) => index.get(name)).filter((i) => i !== undefined);
    const statement =
      v.kind === 'encoding'
        ? ''
        : tests
            .slice(0, 4)
            .map((i) => `${instructions[i].mnemonic} r${below(10)}, r${below(10)}`)
            .join('\n');
    return {
      id: v.id,
      kind: v.kind,
      section: v.section,
      group: v.group ? GROUPS.indexOf(v.group) : GROUPS.length - 1,
      tests,
      clauses: ofSection.length
        ? [ofSection[below(ofSection.length)], ofSection[0]].filter(
            (c, i, all) => all.indexOf(c) === i,
          )
        : [],
      statement,
      because:
        'The upper half of the register must not reach the result, whatever stood in it before.',
      yaml:
        `- id: ${v.id}\n  clauses: [RFC9669-${v.section}-STATEMENT-0]\n  asm: "${statement.replaceAll('\n', '; ')}"\n` +
        `  before: { r3: ${hex64()}, r4: ${below(1000)} }\n  after: { r3: ${hex64()} }\n  because: The upper half must not reach the result.\n`,
    };
  });
}

function programsOf(count) {
  const save = (r) => `*(u64 *)(r1 + ${80 + 8 * r}) = r${r}`;
  return Array.from({ length: count }, () => {
    const middle = Array.from({ length: 1 + below(6) }, () => `r${below(10)} += r${below(10)}`);
    const disassembly = [
      '*(u64 *)(r10 - 8) = r1',
      ...Array.from({ length: 8 }, (_, r) => `r${r} = *(u64 *)(r1 + ${8 * r})`),
      ...middle,
      ...Array.from({ length: 8 }, (_, r) => save(r)),
      'r0 = 0',
      'exit',
    ];
    const image = disassembly
      .map(
        (_, i) =>
          `0f${below(256).toString(16).padStart(2, '0')}${i.toString(16).padStart(4, '0')}00000000`,
      )
      .join('');
    return { disassembly, image };
  });
}

function coverageOf() {
  const subjects = [
    'registers',
    'operands',
    'immediates',
    'distances',
    'addresses',
    'packets',
    'calls',
    'positions',
    'encodings',
  ];
  const cells = () =>
    subjects.map(() => {
      const n = below(4000);
      return n % 4 ? [n, n] : null;
    });
  return {
    clauses: { covered: 280, untestable: 14, gaps: [] },
    subjects,
    groups: GROUPS.slice(0, 7).map((name) => ({ name, cells: cells() })),
    mutants: { generated: 1290, killed: 1263, equivalent: 27, survived: 0 },
  };
}

function historyOf(runtimes) {
  return runtimes.slice(0, 6).map(({ key }) => ({
    key,
    points: Array.from({ length: 8 }, (_, i) => {
      const wrong = 40 - 4 * i + below(6);
      return {
        started: `2026-11-${10 + i}T08:00:00Z`,
        file: `night-${i}.json`,
        pass: 5800 - wrong,
        wrong,
        'expected-failure': 50,
        tolerated: 50,
        vectors: 5900,
        ...(i === 5 && { partial: 'interrupted' }),
      };
    }),
  }));
}

function comparisonOf(runtimes, vectors) {
  const pick = (from, to, n) =>
    Array.from({ length: n }, () => ({
      id: vectors[below(vectors.length)].id,
      old: CODE[from],
      new: CODE[to],
    }));
  const { key, title } = runtimes[3];
  return {
    key,
    old: title,
    new: title,
    old_run: 'night-6.json',
    new_run: 'night-7.json',
    worse: true,
    notes: ['The old results are of the default profile, the new ones of the full profile.'],
    regressed: pick('pass', 'crash', 3),
    lost: pick('pass', 'not run', 2),
    gone: [],
    fixed: pick('wrong', 'pass', 12),
    changed: pick('wrong', 'fault', 2),
    added: pick('pass', 'pass', 900).map(({ id, new: after }) => ({ id, new: after })),
  };
}

function synthesize(isa, results) {
  const instructions = instructionsOf(isa);
  const clauses = clausesOf();
  const vectors = vectorsOf(results, instructions, clauses);
  const programs = programsOf(1500);
  const runtimes = catalogue().map((entry, i) =>
    runtimeOf(entry, i, instructions, vectors, programs),
  );
  return {
    format: 'bpf-assay-report',
    version: 1,
    tool: 'bpf-assay 0.1.0',
    made: '2026-11-27T15:00:00Z',
    command: ['bpf-assay', 'report', 'all.json', '-o', 'report.html'],
    vectors: { count: vectors.length, digest: 'a5'.repeat(32) },
    outcomes: OUTCOMES,
    verdicts: VERDICTS,
    groups: GROUPS,
    sections: SECTIONS.map(([number, title]) => ({ number, title })),
    runs: [
      {
        file: 'all.json',
        started: '2026-11-27T13:54:50Z',
        seconds: 4321.5,
        profile: 'default',
        strict: false,
        command: ['bpf-assay', 'run', '--runtime', 'all', '-o', 'all.json'],
        tool: '0.1.0',
        environment: { system: 'Linux', release: '6.18', machine: 'x86_64', llvm: '22.1.8' },
      },
    ],
    instructions,
    clauses,
    vector_list: vectors,
    runtimes,
    programs,
    coverage: coverageOf(),
    comparisons: [comparisonOf(runtimes, vectors)],
    history: historyOf(runtimes),
  };
}

module.exports = { synthesize };

if (require.main === module) {
  const load = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
  const [isaFile, resultsFile] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(synthesize(load(isaFile), resultsFile && load(resultsFile))));
}
