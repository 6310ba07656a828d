'use strict';
// The embedded data, and what is computed from it once: the state of each vector on each runtime,
// and the counts of each cell of the matrix.

const Model = (() => {
  const ABSENT = { '.': -1, '-': -2, '~': -3 };

  function stateOf(character) {
    if (character in ABSENT) return ABSENT[character];
    const code = character.charCodeAt(0);
    return code >= 97 ? 2 * (code - 97) : 2 * (code - 65) + 1;
  }

  function decode(cells, length) {
    const table = new Int8Array(128).fill(-1);
    for (let c = 0; c < 128; ++c) {
      const state = stateOf(String.fromCharCode(c));
      table[c] = state < Outcomes.STATES ? state : -1;
    }
    const states = new Int8Array(length).fill(-1);
    for (let v = 0; v < Math.min(length, cells.length); ++v)
      states[v] = table[cells.charCodeAt(v) & 127];
    return states;
  }

  /** Rows of the matrix: the instructions, and one for vectors that test none. */
  function rowsOf(data) {
    const rows = data.instructions.map((instruction, index) => ({ ...instruction, index }));
    rows.push({
      mnemonic: 'none',
      index: rows.length,
      pseudo: true,
      section: '3',
      group: 'encoding',
      rfc_name: 'no instruction',
      formula: '',
      syntax: '',
    });
    return rows;
  }

  function countCells(model) {
    const { rows, vectors, runtimes } = model;
    const counts = new Uint16Array(runtimes.length * rows.length * Outcomes.STATES);
    runtimes.forEach((runtime, r) => {
      const base = r * rows.length;
      for (let v = 0; v < vectors.length; ++v) {
        const state = runtime.states[v];
        if (state < 0) continue;
        for (const i of vectors[v].rows) ++counts[(base + i) * Outcomes.STATES + state];
      }
    });
    return counts;
  }

  /** The name without version and engine: what belongs together in a list of runtimes. */
  function familyOf(runtime) {
    return (/^[A-Za-z_]+/.exec(runtime.name || runtime.title || '') || ['other'])[0].toLowerCase();
  }

  function runtimeOf(runtime, index, vectors) {
    return {
      ...runtime,
      index,
      family: familyOf(runtime),
      ran: runtime.status === 'ran',
      label: runtime.name || runtime.title,
      failures: runtime.failures || {},
      states: decode(runtime.cells || '', vectors.length),
    };
  }

  function indexBy(items, key) {
    return new Map(items.map((item) => [item[key], item]));
  }

  function make(data) {
    Outcomes.use(data.outcomes);
    const rows = rowsOf(data);
    const none = rows.length - 1;
    const vectors = data.vector_list.map((vector, index) => ({
      ...vector,
      index,
      rows: vector.tests && vector.tests.length ? [...new Set(vector.tests)] : [none],
    }));
    const runtimes = data.runtimes.map((runtime, index) => runtimeOf(runtime, index, vectors));
    const model = {
      data,
      rows,
      vectors,
      runtimes,
      byMnemonic: indexBy(rows, 'mnemonic'),
      byId: indexBy(vectors, 'id'),
      byKey: indexBy(runtimes, 'key'),
      vectorsOfRow: rows.map(() => []),
    };
    for (const vector of vectors) for (const i of vector.rows) model.vectorsOfRow[i].push(vector);
    model.counts = countCells(model);
    return model;
  }

  /** Vectors by state of one cell of the matrix. */
  function cell(model, runtime, row) {
    const at = (runtime.index * model.rows.length + row.index) * Outcomes.STATES;
    return model.counts.subarray(at, at + Outcomes.STATES);
  }

  /** The state of the highest rank among those counted, or -1. */
  function worst(counts) {
    let found = -1;
    for (let s = 0; s < counts.length; ++s)
      if (counts[s] && (found < 0 || Outcomes.state(s).rank > Outcomes.state(found).rank))
        found = s;
    return found;
  }

  function sumOf(counts) {
    let sum = 0;
    for (const n of counts) sum += n;
    return sum;
  }

  /** Of all runtimes: by state, how many of them one vector came out so on. */
  function across(model, vector) {
    const counts = new Uint16Array(Outcomes.STATES);
    for (const runtime of model.runtimes) {
      const state = runtime.states[vector.index];
      if (state >= 0) ++counts[state];
    }
    return counts;
  }

  const rowName = (row) => (row.pseudo ? 'no instruction' : row.mnemonic);
  const sectionTitle = (model, number) =>
    (model.data.sections.find((s) => s.number === number) || { title: '' }).title;
  const program = (model, index) => (model.data.programs || [])[index] || null;
  const runOf = (model, runtime) => (model.data.runs || [])[runtime.run] || null;

  return { make, cell, worst, sumOf, across, rowName, sectionTitle, program, runOf };
})();
