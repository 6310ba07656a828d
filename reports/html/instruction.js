'use strict';
// One instruction: what the RFC says of it, how it is encoded, and how it came out everywhere.

const Instruction = (() => {
  const { el } = Dom;

  function facts(model, row) {
    const title = Model.sectionTitle(model, row.section);
    return Dom.facts([
      ['RFC name', el('code', null, row.rfc_name)],
      ['formula', row.formula && el('code', null, row.formula)],
      ['assembly', row.syntax && el('code', null, row.syntax)],
      ['conformance group', row.group],
      ['LLVM', row.llvm_cpu && `-mcpu=${row.llvm_cpu} and later`],
      ['defined in', [Words.sectionLink(row.section), title && `, ${title}`]],
      ['coverage', row.bins && `${Words.count(row.bins[0])} of ${Words.count(row.bins[1])} bins`],
    ]);
  }

  /** Clauses that the instruction's vectors name, those named most first. */
  function clausesOf(model, row) {
    const named = new Map();
    for (const vector of model.vectorsOfRow[row.index])
      for (const clause of vector.clauses || []) named.set(clause, (named.get(clause) || 0) + 1);
    return [...named]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .map(([index, count]) => ({ clause: model.data.clauses[index], count }))
      .filter((entry) => entry.clause);
  }

  function clauseLine({ clause, count }) {
    return [
      el('a', { href: State.href('vectors', { clause: clause.id }) }, clause.id),
      [clause.text, ' ', Words.sectionLink(clause.section)],
      Words.count(count),
    ];
  }

  function clausesSection(model, row) {
    const rows = clausesOf(model, row).map(clauseLine);
    if (!rows.length) return null;
    const table = Dom.table(
      'Clauses that its vectors test, in our words',
      ['clause', 'text', { text: 'vectors', numeric: true }],
      rows,
      'clauses',
    );
    return [el('h3', null, 'Clauses'), Dom.scrollBox('Clauses', table)];
  }

  function runtimeLine(model, row, runtime) {
    const counts = Model.cell(model, runtime, row);
    const worst = Model.worst(counts);
    const total = Model.sumOf(counts);
    const name = total
      ? el(
          'a',
          { href: State.href('vectors', { runtime: runtime.key, instruction: row.mnemonic }) },
          runtime.title,
        )
      : runtime.title;
    return {
      worst,
      cells: [
        name,
        total ? Outcomes.tally(counts) : el('span.absent', null, 'nothing ran'),
        Words.count(total),
      ],
    };
  }

  function runtimesSection(model, row) {
    const rank = (line) => (line.worst < 0 ? -1 : Outcomes.state(line.worst).rank);
    const lines = model.runtimes
      .map((runtime) => runtimeLine(model, row, runtime))
      .sort((a, b) => rank(b) - rank(a));
    const table = Dom.table(
      'Outcomes of its vectors, the worst first',
      ['runtime', 'outcomes', { text: 'vectors', numeric: true }],
      lines.map((l) => l.cells),
    );
    return [el('h3', null, 'Runtimes'), Dom.scrollBox('Runtimes', table)];
  }

  function neighbours(model, row) {
    const link = (other, before, behind) =>
      other &&
      el(
        'a',
        { href: State.href('instruction', { name: other.mnemonic }) },
        before,
        Model.rowName(other),
        behind,
      );
    return el(
      'nav.neighbours',
      { 'aria-label': 'Instructions beside it' },
      link(model.rows[row.index - 1], '\u2190 '),
      ' ',
      link(model.rows[row.index + 1], '', ' \u2192'),
    );
  }

  function render(model, parameters) {
    const row = model.byMnemonic.get(parameters.name);
    if (!row) return Main.missing(`an instruction '${parameters.name || ''}'`);
    const filter = { q: parameters.q || '', outcome: parameters.outcome || [] };
    const changed = () => State.replace('instruction', { ...parameters, ...filter });
    return {
      title: Model.rowName(row),
      node: [
        el('h2', null, Model.rowName(row)),
        neighbours(model, row),
        row.pseudo
          ? el(
              'p.lead',
              null,
              'Vectors of encodings that are no instruction, and have to be refused.',
            )
          : [facts(model, row), Encoding.draw(row)],
        runtimesSection(model, row),
        el('h3', null, 'Vectors'),
        Vectors.list(model, null, model.vectorsOfRow[row.index], filter, changed),
        clausesSection(model, row),
      ],
    };
  }

  return { render };
})();
