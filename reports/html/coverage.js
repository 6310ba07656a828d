'use strict';
// What the vectors cover: clauses of the RFC, bins of behaviour, and mutants caught.

const Coverage = (() => {
  const { el } = Dom;
  const NOTICED = { killed: 'noticed' };

  function bar(hit, total) {
    const width = total ? Math.round((100 * hit) / total) : 0;
    return Dom.svg(
      'svg',
      { class: 'bar', width: '60', height: '6', 'aria-hidden': 'true' },
      Dom.svg('rect', { class: 'bar-all', width: '60', height: '6' }),
      Dom.svg('rect', { class: 'bar-hit', width: String(0.6 * width), height: '6' }),
    );
  }

  function ratio(cell) {
    if (!cell) return el('span.absent', null, '\u00b7');
    const [hit, total] = cell;
    const missing =
      hit < total && el('div', null, el('b', null, `${Words.count(total - hit)} missing`));
    return [`${Words.count(hit)}/${Words.count(total)}`, missing];
  }

  function binsSection(coverage) {
    if (!coverage.groups) return null;
    const columns = [
      'group',
      ...coverage.subjects.map((text) => ({ text, numeric: true })),
      { text: 'all', numeric: true },
    ];
    const rows = coverage.groups.map((group) => {
      const cells = group.cells.filter(Boolean);
      const all = [0, 1].map((i) => cells.reduce((sum, cell) => sum + cell[i], 0));
      return [
        group.name,
        ...group.cells.slice(0, coverage.subjects.length).map(ratio),
        [bar(...all), ' ', ratio(all)],
      ];
    });
    return [
      el('h3', null, 'Bins'),
      el(
        'p',
        null,
        'A bin is something that has to happen to an instruction at least once, such as a pair of registers ' +
          'or a value at the edge of its range. It is hit by execution on the reference VM.',
      ),
      Dom.scrollBox('Bins', Dom.table('Bins hit of all, by group', columns, rows)),
    ];
  }

  function survivorsTable(survivors) {
    const rows = survivors.map(({ id, what }) => [id, what || '']);
    return Dom.scrollBox(
      'Survivors',
      Dom.table('Mutants that no vector notices', ['mutant', 'what is wrong in it'], rows),
    );
  }

  function operatorsTable(operators) {
    const columns = ['generated', 'killed', 'equivalent', 'survived'];
    const rows = operators.map((entry) => [
      entry.operator,
      ...columns.map((name) => Words.count(entry[name] || 0)),
    ]);
    const heads = [
      'operator',
      ...columns.map((text) => ({ text: NOTICED[text] || text, numeric: true })),
    ];
    return el(
      'details',
      null,
      el('summary', null, 'By operator ', el('b', null, Words.count(operators.length))),
      Dom.scrollBox('Operators', Dom.table('Mutants of each operator', heads, rows)),
    );
  }

  function mutantsSection(mutants, digest) {
    if (!mutants) return null;
    const { survivors = [], operators = [] } = mutants;
    const live = mutants.generated - mutants.equivalent;
    return [
      el('h3', null, 'Mutants'),
      el(
        'p',
        null,
        'A mutant is a reference VM that is wrong on purpose in one place. The vectors have to notice each ' +
          'that differs at all.',
      ),
      Dom.facts([
        [
          'mutation score',
          `${Words.percent(mutants.killed, live)}: ${Words.count(mutants.killed)} of ${Words.count(live)}`,
        ],
        ['generated', Words.count(mutants.generated)],
        ['noticed', Words.count(mutants.killed)],
        ['equivalent', Words.count(mutants.equivalent)],
        ['survived', Words.count(mutants.survived)],
      ]),
      mutants.vectors_digest &&
        mutants.vectors_digest !== digest &&
        el('p.notice', null, 'Measured with another version of the vectors than this report has.'),
      survivors.length > 0 && survivorsTable(survivors),
      operators.length > 0 && operatorsTable(operators),
    ];
  }

  function clauseCounts(model) {
    const counts = new Array(model.data.clauses.length).fill(0);
    for (const vector of model.vectors) for (const clause of vector.clauses || []) ++counts[clause];
    return counts;
  }

  function clauseRow(clause, count) {
    const name = count
      ? el('a', { href: State.href('vectors', { clause: clause.id }) }, clause.id)
      : clause.id;
    const state = clause.untestable ? ['untestable: ', clause.untestable] : !count && 'no vector';
    return el(
      'tr',
      null,
      el('th', { scope: 'row' }, name),
      el('td', null, Words.sectionLink(clause.section)),
      el('td', null, clause.text, state && el('div.small', null, state)),
      el('td.number', null, count ? Words.count(count) : el('span.absent', null, '\u00b7')),
    );
  }

  function clausesSection(model, parameters) {
    const counts = clauseCounts(model);
    const body = el('tbody');
    const status = el('p.count');
    const fill = (query) => {
      const matches = Filters.matcher(query);
      const shown = model.data.clauses
        .map((clause, i) => ({ clause, count: counts[i] }))
        .filter(({ clause }) =>
          matches(`${clause.id} ${clause.text} ${clause.untestable || ''}`.toLowerCase()),
        );
      body.replaceChildren(...shown.map(({ clause, count }) => clauseRow(clause, count)));
      status.textContent = `${Words.count(shown.length)} of ${Words.plural(model.data.clauses.length, 'clause')}`;
    };
    fill(parameters.q || '');
    const changed = (q) => {
      fill(q);
      State.replace('coverage', { q });
      Dom.announce(status.textContent);
    };
    const columns = ['clause', 'section', 'text, in our words', { text: 'vectors', numeric: true }];
    return [
      el('h3', null, 'Clauses'),
      el('div.filters', null, Filters.search('Clauses', parameters.q || '', 'id or text', changed)),
      status,
      Dom.scrollBox(
        'Clauses',
        el(
          'table.clauses',
          null,
          el('caption.unseen', null, 'Clauses of the RFC'),
          Dom.tableHead(columns),
          body,
        ),
      ),
    ];
  }

  function clausesLead(coverage) {
    const { covered, untestable, gaps = [] } = coverage.clauses;
    return [
      el(
        'p.lead',
        null,
        `${Words.plural(covered, 'clause')} named by vectors, ${Words.count(untestable)} untestable, ` +
          `${Words.count(gaps.length)} without a vector.`,
      ),
      gaps.length > 0 && el('p.notice', null, `Without a vector: ${gaps.join(', ')}`),
    ];
  }

  function render(model, parameters) {
    const { data } = model;
    const { coverage } = data;
    return {
      title: 'Coverage',
      node: [
        el('h2', null, 'Coverage'),
        coverage
          ? [
              clausesLead(coverage),
              binsSection(coverage),
              mutantsSection(coverage.mutants, data.vectors.digest),
            ]
          : el('p', null, 'This report has no measurement of bins and mutants.'),
        clausesSection(model, parameters),
      ],
    };
  }

  return { render };
})();
