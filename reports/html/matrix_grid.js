'use strict';
// The matrix itself: names, heads and what each cell has to show. Rows are boxes of fixed size with
// the roles of an ARIA grid, and only cells in sight exist (matrix_window.js): all 6,800 of them,
// laid out as a <table>, would make each filter wait.

const MatrixGrid = (() => {
  const { el } = Dom;

  function makeRow(model, row) {
    const href = State.href('instruction', { name: row.mnemonic });
    const name = el('a.go', { tabindex: '-1', href }, Model.rowName(row));
    const total = el('span.total');
    const head = el('div.name', { role: 'rowheader' }, total, name);
    const attributes = { role: 'row', hidden: true, 'aria-rowindex': String(row.index + 2) };
    const line = el('div.row', attributes, head);
    return { row, line, head, name, total, cells: [], found: [], filled: '' };
  }

  function makeHead(model) {
    const totals = model.runtimes.map(() => el('span.total'));
    const links = model.runtimes.map((runtime) => {
      const href = State.href('runtime', { key: runtime.key });
      return el('a.go.upright', { tabindex: '-1', href, title: runtime.title }, runtime.label);
    });
    const heads = links.map((link, i) =>
      el('div', { role: 'columnheader', class: `column k${i}` }, link, totals[i]),
    );
    const corner = el('div.name', { role: 'columnheader' }, 'instruction');
    return { node: el('div.head', { role: 'row' }, corner, heads), links, totals };
  }

  function makeSection(model, number, lines) {
    const title = `${number === 'abi' ? '' : number} ${Model.sectionTitle(model, number)}`.trim();
    const head = el('div.part', { role: 'row' }, el('div.part-name', { role: 'rowheader' }, title));
    const body = el('div', { role: 'rowgroup' }, head);
    body.append(...lines.map((l) => l.line));
    return { body, lines };
  }

  function bySection(model, lines) {
    const sections = new Map();
    for (const line of lines) {
      if (!sections.has(line.row.section)) sections.set(line.row.section, []);
      sections.get(line.row.section).push(line);
    }
    return [...sections].map(([number, members]) => makeSection(model, number, members));
  }

  function make(model) {
    const lines = model.rows.map((row) => makeRow(model, row));
    const head = makeHead(model);
    const sections = bySection(model, lines);
    const table = el(
      'div.matrix',
      {
        role: 'grid',
        'aria-label': 'Instructions by runtimes',
        'aria-rowcount': String(lines.length + 1),
        'aria-colcount': String(model.runtimes.length + 1),
      },
      head.node,
      sections.map((s) => s.body),
    );
    const box = el('div.scroll.tall', null, table);
    return { model, lines, sections, head, table, box, shown: { lines: [], columns: [] } };
  }

  /**
   * What is seen of one cell: the worst state that the filter lets through, and how many have it.
   */
  function seen(counts, at, ranks) {
    let state = -1;
    let ran = 0;
    for (let s = 0; s < Outcomes.STATES; ++s) {
      const n = counts[at + s];
      if (!n) continue;
      ran += n;
      if (ranks[s] >= 0 && (state < 0 || ranks[s] > ranks[state])) state = s;
    }
    return { state, number: state < 0 ? 0 : counts[at + state], ran };
  }

  /** What each cell shows with this filter of outcomes; without one it is always the same. */
  function findAll(grid, shown, onlyFound) {
    if (!onlyFound && grid.unfiltered) return grid.unfiltered;
    const { counts, rows, runtimes } = grid.model;
    const ranks = Array.from(shown, (yes, s) => (yes ? Outcomes.state(s).rank : -1));
    const at = (row, column) => (column.index * rows.length + row.index) * Outcomes.STATES;
    const found = rows.map((row) => runtimes.map((column) => seen(counts, at(row, column), ranks)));
    if (!onlyFound) grid.unfiltered = found;
    return found;
  }

  /** Before any cell is shown: whether a row or column is kept depends on all that is in it. */
  function survey(grid, rows, columns, shown, onlyFound) {
    const all = findAll(grid, shown, onlyFound);
    const found = rows.map((row) => columns.map((column) => all[row.index][column.index]));
    const keeps = (states) => !onlyFound || states.some((s) => s.state >= 0);
    const keptColumns = columns.map((_, i) => !onlyFound || found.some((f) => f[i].state >= 0));
    return { found, keptRows: found.map(keeps), keptColumns };
  }

  function writeTotals(grid, perRow, perColumn) {
    grid.lines.forEach((line, i) => {
      const text = perRow[i] ? String(perRow[i]) : '';
      if (line.total.textContent !== text) line.total.textContent = text;
    });
    grid.head.totals.forEach((total, i) => {
      const text = perColumn[i] ? String(perColumn[i]) : '';
      if (total.textContent !== text) total.textContent = text;
    });
  }

  /** Notes what each cell that is kept has to show, and counts. */
  function noteCells(grid, rows, columns, { found, keptRows, keptColumns }) {
    const perRow = new Array(grid.lines.length).fill(0);
    const perColumn = new Array(columns.length ? grid.model.runtimes.length : 0).fill(0);
    let cells = 0;
    rows.forEach((row, r) => {
      if (!keptRows[r]) return;
      columns.forEach((column, c) => {
        if (!keptColumns[c]) return;
        const { state } = found[r][c];
        grid.lines[row.index].found[column.index] = found[r][c];
        if (state >= 0) ++cells;
        if (state < 0 || !Outcomes.isDivergence(state)) return;
        ++perRow[row.index];
        ++perColumn[column.index];
      });
    });
    writeTotals(grid, perRow, perColumn);
    return { cells, diverging: perRow.reduce((a, b) => a + b, 0) };
  }

  function show(grid, rows, columns, shown, onlyFound) {
    const surveyed = survey(grid, rows, columns, shown, onlyFound);
    const result = noteCells(grid, rows, columns, surveyed);
    const lines = rows.filter((_, r) => surveyed.keptRows[r]).map((row) => grid.lines[row.index]);
    const kept = columns.filter((_, c) => surveyed.keptColumns[c]);
    const set = new Set(lines);
    for (const line of grid.lines) line.line.hidden = !set.has(line);
    for (const { body, lines: members } of grid.sections)
      body.hidden = members.every((line) => line.line.hidden);
    const visible = new Set(kept.map((c) => c.index));
    grid.head.links.forEach((link, i) => {
      link.parentElement.hidden = !visible.has(i);
    });
    grid.table.style.setProperty('--columns', String(kept.length));
    grid.shown = { lines, columns: kept.map((c) => c.index) };
    return { ...result, rows: lines.length, columns: kept.length };
  }

  return { make, show };
})();
