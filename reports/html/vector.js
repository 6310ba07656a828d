'use strict';
// One vector: what it states and why, and how it came out on every runtime.

const VectorPage = (() => {
  const { el } = Dom;

  function statement(vector) {
    return [program(vector), vector.because && el('p.because', null, vector.because)];
  }

  function program(vector) {
    if (!vector.statement)
      return el('p', null, 'An encoding: its programs stand in the suite, and have to be refused.');
    return el(
      'pre',
      { tabindex: '0', role: 'region', 'aria-label': 'Statement' },
      el('code', null, vector.statement.replace(/\n+$/, '')),
    );
  }

  function clauses(model, vector) {
    const named = (vector.clauses || []).map((index) => model.data.clauses[index]).filter(Boolean);
    if (!named.length) return null;
    return el(
      'dl.facts.clauses',
      null,
      named.map((clause) =>
        el(
          'div',
          null,
          el(
            'dt',
            null,
            el('a', { href: State.href('vectors', { clause: clause.id }) }, clause.id),
          ),
          el('dd', null, clause.text, ' ', Words.sectionLink(clause.section)),
        ),
      ),
    );
  }

  function identity(model, vector) {
    const tests = vector.rows.map((i, n) => [
      n > 0 && ', ',
      el(
        'a',
        { href: State.href('instruction', { name: model.rows[i].mnemonic }) },
        Model.rowName(model.rows[i]),
      ),
    ]);
    return Dom.facts([
      ['kind', vector.kind],
      ['group', model.data.groups[vector.group]],
      ['section', Words.sectionLink(vector.section)],
      ['tests', tests],
    ]);
  }

  function runtimesTable(model, vector) {
    const rank = (s) => (s < 0 ? s : Outcomes.state(s).rank);
    const sorted = [...model.runtimes].sort(
      (a, b) => rank(b.states[vector.index]) - rank(a.states[vector.index]),
    );
    const rows = sorted.map((runtime) => {
      const failure = runtime.failures[vector.index];
      return [
        el(
          'a',
          { href: State.href('divergence', { id: vector.id, runtime: runtime.key }) },
          runtime.title,
        ),
        Outcomes.badge(runtime.states[vector.index]),
        el('span.why', null, failure ? failure.why || '' : ''),
      ];
    });
    return Dom.scrollBox(
      'Runtimes',
      Dom.table('How it came out, the worst first', ['runtime', 'outcome', 'why'], rows),
    );
  }

  function render(model, parameters) {
    const vector = model.byId.get(parameters.id);
    if (!vector) return Main.missing(`a vector '${parameters.id || ''}'`);
    return {
      title: vector.id,
      node: [
        el('h2', null, vector.id),
        el('p', null, Outcomes.tally(Model.across(model, vector))),
        identity(model, vector),
        el('h3', null, 'Statement'),
        statement(vector),
        clauses(model, vector),
        el('h3', null, 'Runtimes'),
        runtimesTable(model, vector),
        vector.yaml && [el('h3', null, 'Vector'), Copy.block('YAML', vector.yaml)],
      ],
    };
  }

  return { render, statement, clauses, identity };
})();
