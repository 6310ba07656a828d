'use strict';
// Instructions by runtimes. The grid is kept while other views are shown, and made anew if the
// links in it have to change (with the colour scheme, which is part of them).

const Matrix = (() => {
  const { el } = Dom;
  const HINT = 'Point at a cell, or walk to it with Tab and the arrow keys.';
  const WIDE = 700; // pixels from which there is room for all filters
  let kept = null;

  function gridFor(model) {
    const scheme = State.currentScheme();
    if (!kept || kept.model !== model || kept.scheme !== scheme) {
      kept = { model, scheme, grid: MatrixGrid.make(model) };
      listen(kept.grid);
    }
    return kept.grid;
  }

  function listen(grid) {
    MatrixKeys.listen(grid);
    MatrixWindow.follow(grid);
    const readout = ({ target }) => {
      const link = target.closest('.box, .name')?.querySelector('.go');
      describe(grid, MatrixKeys.placeOf(grid, link));
    };
    grid.table.addEventListener('focusin', readout);
    grid.table.addEventListener('pointerover', readout);
    grid.table.addEventListener('click', ({ target }) => {
      if (target.classList.contains('box')) target.firstElementChild.click();
    });
  }

  /** The line above the grid says in words what is under the pointer or has the focus. */
  function describe(grid, place) {
    if (!place || !place.line) return;
    const { row } = place.line;
    if (place.entry) {
      const { runtime } = place.entry;
      const words = Outcomes.sentence(Model.cell(grid.model, runtime, row)) || 'nothing ran';
      grid.readout.textContent = Dom.visible(`${Model.rowName(row)} on ${runtime.title}: ${words}`);
    } else if (!row.pseudo) {
      grid.readout.textContent = Dom.visible(`${row.mnemonic} ${row.rfc_name}: ${row.formula}`);
    }
  }

  function sentence(model, result) {
    return (
      `${Words.count(result.rows)} of ${Words.plural(model.rows.length, 'row')}, ` +
      `${Words.count(result.columns)} of ${Words.plural(model.runtimes.length, 'runtime')}: ` +
      `${Words.plural(result.cells, 'cell')} with an outcome, ` +
      `${Words.count(result.diverging)} with a divergence`
    );
  }

  function apply(model, grid, filter, status) {
    const rows = MatrixFilter.rowsOf(model, filter);
    const columns = MatrixFilter.columnsOf(model, filter);
    const shown = MatrixFilter.statesOf(filter);
    const result = MatrixGrid.show(grid, rows, columns, shown, filter.outcome.length > 0);
    MatrixWindow.refill(grid);
    status.textContent = sentence(model, result);
  }

  function render(model, parameters) {
    const grid = gridFor(model);
    const filter = MatrixFilter.fromParameters(parameters);
    const status = el('p.count');
    grid.readout = el('p.readout', { 'aria-hidden': 'true' }, HINT);
    apply(model, grid, filter, status);
    const changed = () => {
      apply(model, grid, filter, status);
      State.replace('matrix', filter);
      Dom.announce(status.textContent);
    };
    const controls = MatrixFilter.controls(model, filter, changed);
    return {
      title: 'Matrix',
      wide: true,
      shown: () => MatrixWindow.refill(grid),
      node: [
        el('h2', null, 'Instructions by runtimes'),
        el(
          'details.controls',
          { open: innerWidth > WIDE },
          el('summary', null, 'Filter'),
          controls,
        ),
        el('div.line', null, status, grid.readout),
        grid.box,
        el(
          'p.small',
          null,
          'A cell has the worst outcome of the vectors that test the instruction, and how many of ' +
            'those that ran have it. A number behind a name counts cells with a divergence.',
        ),
        Outcomes.legend(),
      ],
    };
  }

  return { render };
})();
