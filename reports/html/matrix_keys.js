'use strict';
// Walking in the matrix. It is one stop for the Tab key, and arrows go on inside, so that 6,800
// links are not in the way of the keyboard. Row -1 is the head, column -1 the names.

const MatrixKeys = (() => {
  const FAR = 10; // rows of PageUp and PageDown

  /** What a link stands for: a line (null in the head) and a column (-1 for a name). */
  function placeOf(grid, link) {
    const head = grid.head.links.indexOf(link);
    if (head >= 0) return { line: null, column: head };
    const line = link && grid.lines.find((l) => l.line.contains(link));
    if (!line) return null;
    const column = line.cells.findIndex((entry) => entry && entry.link === link);
    return { line, column, entry: line.cells[column] };
  }

  function linkAt(grid, row, column) {
    const { head, shown } = grid;
    const c = shown.columns[column];
    if (row < 0) return head.links[c ?? shown.columns[0]];
    const line = shown.lines[row];
    MatrixWindow.reveal(grid, line, c);
    return column < 0 ? line.name : line.cells[c].link;
  }

  function target({ shown }, row, column, key, control) {
    const lastRow = shown.lines.length - 1;
    const lastColumn = shown.columns.length - 1;
    const steps = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [control ? 0 : row, -1],
      End: [control ? lastRow : row, lastColumn],
      PageUp: [Math.max(row - FAR, 0), column],
      PageDown: [row + FAR, column],
    };
    const [r, c] = steps[key] || [row, column];
    return [Math.min(Math.max(r, -1), lastRow), Math.min(Math.max(c, -1), lastColumn)];
  }

  function setStop(grid, link) {
    grid.stop?.setAttribute('tabindex', '-1');
    grid.stop = link;
    link?.setAttribute('tabindex', '0');
  }

  /** The stop must be something that is there: a filter or scrolling may have taken it away. */
  function keepStop(grid) {
    if (grid.stop && grid.stop.isConnected && !grid.stop.closest('[hidden]')) return;
    const link = grid.table.querySelector('.box .go') || null;
    setStop(grid, link);
  }

  function pressed(grid, event) {
    const known = /^(Arrow|Home$|End$|Page)/.test(event.key) && !event.altKey && !event.metaKey;
    const place = known && placeOf(grid, event.target);
    if (!place || !grid.shown.lines.length || !grid.shown.columns.length) return;
    event.preventDefault();
    const row = place.line ? grid.shown.lines.indexOf(place.line) : -1;
    const column = place.column < 0 ? -1 : grid.shown.columns.indexOf(place.column);
    const link = linkAt(grid, ...target(grid, row, column, event.key, event.ctrlKey));
    setStop(grid, link);
    link.focus({ preventScroll: true });
  }

  function listen(grid) {
    grid.table.addEventListener('keydown', (event) => pressed(grid, event));
    grid.filled = () => keepStop(grid);
  }

  return { listen, placeOf };
})();
