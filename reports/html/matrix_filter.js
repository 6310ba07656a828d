'use strict';
// The matrix's filter: which rows, columns and outcomes are to be seen, and the controls for it.

const MatrixFilter = (() => {
  const { el } = Dom;

  function fromParameters(parameters) {
    return {
      runtime: parameters.runtime || '',
      q: parameters.q || '',
      family: parameters.family || [],
      engine: parameters.engine || [],
      group: parameters.group || [],
      section: parameters.section || [],
      outcome: parameters.outcome || [],
    };
  }

  const allows = (selected, value) => selected.length === 0 || selected.includes(value);

  function columnsOf(model, filter) {
    const matches = Filters.matcher(filter.runtime);
    return model.runtimes.filter(
      (r) =>
        allows(filter.family, r.family) &&
        allows(filter.engine, r.engine || '') &&
        matches(`${r.label} ${r.title} ${r.version || ''}`.toLowerCase()),
    );
  }

  function rowsOf(model, filter) {
    const matches = Filters.matcher(filter.q);
    return model.rows.filter(
      (row) =>
        allows(filter.group, row.group) &&
        allows(filter.section, row.section) &&
        matches(`${Model.rowName(row)} ${row.rfc_name} ${row.formula}`.toLowerCase()),
    );
  }

  /** By state: whether the filter of outcomes lets it be seen. */
  function statesOf(filter) {
    const shown = new Uint8Array(Outcomes.STATES);
    for (let s = 0; s < Outcomes.STATES; ++s)
      shown[s] = Outcomes.state(s) && allows(filter.outcome, Outcomes.state(s).category) ? 1 : 0;
    return shown;
  }

  const distinct = (values) => [...new Set(values.filter(Boolean))];

  function presentCategories(model) {
    const present = new Set();
    const width = Outcomes.STATES;
    for (let i = 0; i < model.counts.length; ++i)
      if (model.counts[i]) present.add(Outcomes.state(i % width).category);
    return present;
  }

  function plainChips(label, values, selected, changed) {
    return (
      values.length > 1 &&
      Filters.chips(
        label,
        values.map((value) => ({ value })),
        selected,
        changed,
      )
    );
  }

  /** Buttons that set several controls at once, so that these are made again: `rebuild`. */
  function buttons(filter, rebuild) {
    const divergences = () => filter.outcome.splice(0, Infinity, ...Outcomes.divergences());
    const clear = () => {
      for (const key of Object.keys(filter)) {
        if (Array.isArray(filter[key])) filter[key].length = 0;
        else filter[key] = '';
      }
    };
    const button = (text, act) =>
      Filters.button(text, () => {
        act();
        rebuild(text);
      });
    return el(
      'div.buttons',
      null,
      button('Divergences only', divergences),
      button('Clear all', clear),
    );
  }

  function searches(filter, changed) {
    const field = (label, key, placeholder) =>
      Filters.search(label, filter[key], placeholder, (value) => {
        filter[key] = value;
        changed();
      });
    return [
      field('Runtimes', 'runtime', 'name, version'),
      field('Instructions', 'q', 'mnemonic, RFC name, formula'),
    ];
  }

  function chipRows(model, filter, changed) {
    const row = (label, key, values) => plainChips(label, distinct(values), filter[key], changed);
    return [
      row(
        'Family',
        'family',
        model.runtimes.map((r) => r.family),
      ),
      row(
        'Engine',
        'engine',
        model.runtimes.map((r) => r.engine),
      ),
      row(
        'Group',
        'group',
        model.rows.map((r) => r.group),
      ),
      row(
        'Section',
        'section',
        model.rows.map((r) => r.section),
      ),
      Filters.outcomes(presentCategories(model), filter.outcome, changed),
    ];
  }

  function controls(model, filter, changed) {
    const box = el('div.filters', null);
    const fill = () => {
      const parts = [
        ...searches(filter, changed),
        buttons(filter, rebuild),
        ...chipRows(model, filter, changed),
      ];
      box.replaceChildren(...parts.filter(Boolean));
    };
    function rebuild(pressed) {
      fill();
      [...box.querySelectorAll('.buttons button')].find((b) => b.textContent === pressed).focus();
      changed();
    }
    fill();
    return box;
  }

  return { fromParameters, columnsOf, rowsOf, statesOf, controls };
})();
