'use strict';
// What the synthetic data is made of: the closed sets, and numbers that are random and always the same.

const OUTCOMES = [
  'pass',
  'pass, not executed',
  'wrong',
  'rejected',
  'unsupported',
  'accepted',
  'fault',
  'crash',
  'timeout',
  'expected-failure',
  'unexpected-pass',
  'not run',
];
const VERDICTS = [
  'held',
  'held, but not executed',
  'held with tolerated rejections',
  'not held',
  'not tested in full',
];
const GROUPS = [
  'base32',
  'base64',
  'divmul32',
  'divmul64',
  'atomic32',
  'atomic64',
  'packet',
  'encoding',
];
const SECTIONS = [
  ['2.4', 'Conformance Groups'],
  ['3', 'Instruction Encoding'],
  ['3.1', 'Basic Instruction Encoding'],
  ['4.1', 'Arithmetic Instructions'],
  ['4.2', 'Byte Swap Instructions'],
  ['4.3', 'Jump Instructions'],
  ['4.3.1', 'Helper Functions'],
  ['4.3.2', 'Program-Local Functions'],
  ['5.1', 'Regular Load and Store Operations'],
  ['5.2', 'Sign-Extension Load Operations'],
  ['5.3', 'Atomic Operations'],
  ['5.4', '64-bit Immediate Instructions'],
  ['5.5', 'Legacy BPF Packet Access Instructions'],
  ['abi', 'Calling Convention'],
];
const CODE = Object.fromEntries(OUTCOMES.map((name, code) => [name, code]));

/** Mulberry32: small, and the same everywhere. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const next = random(9669);
const below = (n) => Math.floor(next() * n);
const hex64 = () =>
  `0x${[0, 0, 0, 0].map(() => below(65536).toString(16).padStart(4, '0')).join('')}`;

module.exports = { OUTCOMES, VERDICTS, GROUPS, SECTIONS, CODE, next, below, hex64 };
