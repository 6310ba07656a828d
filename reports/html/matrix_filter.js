'use strict';
// The matrix's filter: which rows, columns and outcomes are to be seen, and the controls for it.

const MatrixFilter = (() => {
  const { el } = Dom;
  // Chips choose by these properties.
  const OF_RUNTIMES = ['family', 'engine'];
  const OF_ROWS = ['group', 'section'];

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

  /** What of a list its own filters let through: chips by key, and a search in a text. */
  function matching(items, filter, keys, query, textOf) {
    const matches = Filters.matcher(query);
    return items.filter(
      (item) =>
        keys.every((key) => allows(filter[key], item[key] || '')) &&
        matches(textOf(item).toLowerCase()),
    );
  }

  const columnsOf = (model, filter) =>
    matching(
      model.runtimes,
      filter,
      OF_RUNTIMES,
      filter.runtime,
      (runtime) => `${runtime.label} ${runtime.title} ${runtime.version || ''}`,
    );

  const rowsOf = (model, filter) =>
    matching(
      model.rows,
      filter,
      OF_ROWS,
      filter.q,
      (row) => `${Model.rowName(row)} ${row.rfc_name} ${row.formula}`,
    );

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

  /** One value is no choice. */
  function chipRow(items, key, filter, changed) {
    const values = distinct(items.map((item) => item[key]));
    if (values.length < 2) return null;
    const label = key[0].toUpperCase() + key.slice(1);
    const options = values.map((value) => ({ value }));
    return Filters.chips(label, options, filter[key], changed);
  }

  function chipRows(model, filter, changed) {
    const rowOf = (items) => (key) => chipRow(items, key, filter, changed);
    return [
      ...OF_RUNTIMES.map(rowOf(model.runtimes)),
      ...OF_ROWS.map(rowOf(model.rows)),
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
