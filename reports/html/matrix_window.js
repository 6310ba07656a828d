'use strict';
// The part of the matrix that is in sight, and a margin. Only its cells exist; scrolling makes
// others. Names and heads are always there, for the browser's own search, and on paper everything
// is.

const MatrixWindow = (() => {
  const MARGIN = 150; // pixels
  const STEP = 4; // columns are added and taken away so many at once

  let followed = null;
  let waiting = false;
  let printing = false;

  /** Without Dom.el, as there are many. */
  function makeCell(line, runtime) {
    const cell = document.createElement('div');
    cell.setAttribute('role', 'gridcell');
    cell.setAttribute('aria-colindex', String(runtime.index + 2));
    const link = document.createElement('a');
    link.className = 'go';
    link.setAttribute('tabindex', '-1');
    cell.append(link);
    return { cell, link, row: line.row, runtime, text: null };
  }

  function write(entry, { state, number, ran }) {
    const known = state >= 0 ? Outcomes.state(state) : null;
    const text = known ? `${known.sign} ${number === ran ? ran : `${number}/${ran}`}` : '\u00b7';
    if (entry.text === text && entry.state === state) return;
    if (entry.text === null && ran) {
      const parameters = { runtime: entry.runtime.key, instruction: entry.row.mnemonic };
      entry.link.setAttribute('href', State.href('vectors', parameters));
    }
    entry.cell.className = `box ${known ? known.look : 'nothing'}`;
    entry.link.textContent = text;
    if (known) entry.link.setAttribute('aria-label', `${text} ${known.word}`);
    else entry.link.removeAttribute('aria-label');
    Object.assign(entry, { text, state });
  }

  function cellOf(grid, line, column) {
    line.cells[column] ||= makeCell(line, grid.model.runtimes[column]);
    const entry = line.cells[column];
    write(entry, line.found[column]);
    return entry.cell;
  }

  /** The columns from the first to the last, behind a gap as wide as those before. */
  function fillLine(grid, line, [from, to]) {
    const filled = `${from} ${to} ${grid.version}`;
    if (line.filled === filled) return;
    line.filled = filled;
    line.gap ||= Dom.el('div.gap', { role: 'presentation' });
    line.gap.style.width = `calc(${from} * var(--cell))`;
    const cells = grid.shown.columns.slice(from, to).map((column) => cellOf(grid, line, column));
    line.line.replaceChildren(line.head, line.gap, ...cells);
  }

  function emptyLine(line) {
    if (!line.filled) return;
    line.filled = '';
    line.line.replaceChildren(line.head);
  }

  function columnsInSight(grid, sight) {
    const { columns } = grid.shown;
    if (!columns.length) return [0, 0];
    const { left, width } = grid.head.links[columns[0]].parentElement.getBoundingClientRect();
    const first = Math.floor((sight.left - MARGIN - left) / width / STEP) * STEP;
    const last = Math.ceil((sight.right + MARGIN - left) / width / STEP) * STEP;
    return [Math.max(first, 0), Math.min(Math.max(last, 0), columns.length)];
  }

  function linesInSight(grid, sight) {
    return grid.shown.lines.filter(({ line }) => {
      const { top, bottom } = line.getBoundingClientRect();
      return bottom > sight.top - MARGIN && top < sight.bottom + MARGIN;
    });
  }

  function fill(grid) {
    if (!grid.box.isConnected) return;
    const sight = grid.box.getBoundingClientRect();
    const all = printing || matchMedia('print').matches;
    const columns = all ? [0, grid.shown.columns.length] : columnsInSight(grid, sight);
    const near = new Set(all ? grid.shown.lines : linesInSight(grid, sight));
    for (const line of grid.lines) if (!near.has(line)) emptyLine(line);
    for (const line of near) fillLine(grid, line, columns);
    grid.filled?.();
  }

  /** After a filter all that is filled is out of date. */
  function refill(grid) {
    grid.version = (grid.version || 0) + 1;
    fill(grid);
  }

  /** The grid in sight; others are from before the colours were changed. */
  function follow(grid) {
    if (!followed) listen();
    followed = grid;
    grid.box.addEventListener('scroll', later, { passive: true });
  }

  function later() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      fill(followed);
    });
  }

  function listen() {
    const print = (yes) => () => {
      printing = yes;
      fill(followed);
    };
    addEventListener('resize', later);
    addEventListener('beforeprint', print(true));
    addEventListener('afterprint', print(false));
    matchMedia('print').addEventListener('change', () => fill(followed));
  }

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  /** Scrolls so far that the cell is in sight, clear of names and heads, and exists. */
  function reveal(grid, line, column) {
    const { box, head } = grid;
    const { offsetTop, offsetHeight } = line.line;
    const lowest = offsetTop + offsetHeight - box.clientHeight;
    box.scrollTop = clamp(box.scrollTop, lowest, offsetTop - head.node.offsetHeight);
    const at = grid.shown.columns.indexOf(column);
    if (at >= 0) {
      const { width } = head.links[column].parentElement.getBoundingClientRect();
      const room = box.clientWidth - line.head.offsetWidth;
      box.scrollLeft = clamp(box.scrollLeft, (at + 1) * width - room, at * width);
    }
    fill(grid);
  }

  return { fill, refill, follow, reveal };
})();
