'use strict';
// Lists of vectors: of a runtime, an instruction, a clause, or of what two of these share. The page
// of an instruction has the same list in it.

const Vectors = (() => {
  const { el } = Dom;

  function chosen(model, parameters) {
    const row = model.byMnemonic.get(parameters.instruction);
    const vectors = row ? model.vectorsOfRow[row.index] : model.vectors;
    if (!parameters.clause) return vectors;
    const clause = model.data.clauses.findIndex((c) => c.id === parameters.clause);
    return vectors.filter((vector) => vector.clauses.includes(clause));
  }

  /** The states that a vector has: one on a runtime, or one for each of all. */
  function statesOf(model, runtime, vector) {
    if (runtime) return [runtime.states[vector.index]];
    return Outcomes.listed(Model.across(model, vector));
  }

  function entriesOf(model, runtime, vectors) {
    return vectors
      .map((vector) => {
        const states = statesOf(model, runtime, vector);
        const why =
          runtime && runtime.failures[vector.index] ? runtime.failures[vector.index].why || '' : '';
        const policy =
          runtime && runtime.failures[vector.index]
            ? runtime.failures[vector.index].policy || ''
            : '';
        const rank = states.length && states[0] >= 0 ? Outcomes.state(states[0]).rank : -1;
        return {
          vector,
          states,
          rank,
          why,
          policy,
          text: [vector.id, vector.kind, vector.statement, why, policy].join(' ').toLowerCase(),
        };
      })
      .sort((a, b) => b.rank - a.rank || a.vector.index - b.vector.index);
  }

  function categoriesOf(entries) {
    return new Set(
      entries
        .flatMap((e) => e.states)
        .filter((s) => s >= 0)
        .map((s) => Outcomes.state(s).category),
    );
  }

  function link(runtime, vector) {
    const view = runtime ? 'divergence' : 'vector';
    const parameters = runtime ? { id: vector.id, runtime: runtime.key } : { id: vector.id };
    return el('a', { href: State.href(view, parameters) }, vector.id);
  }

  const firstLine = (vector) => (vector.statement || '').trim().split('\n').slice(0, 2).join('; ');

  function lineOf(model, runtime, entry) {
    const { vector } = entry;
    const outcome = runtime
      ? Outcomes.badge(entry.states[0])
      : Outcomes.tally(Model.across(model, vector));
    return el(
      'tr',
      null,
      el('th', { scope: 'row' }, link(runtime, vector)),
      el('td', null, vector.kind),
      el('td.code', null, firstLine(vector)),
      el('td', null, outcome),
      runtime && el('td.why', null, entry.why),
      runtime && el('td', null, entry.policy),
    );
  }

  function headOf(runtime) {
    const names = ['vector', 'kind', 'statement', runtime ? 'outcome' : 'outcomes by runtimes'];
    if (runtime) names.push('why', 'policy');
    return Dom.tableHead(names);
  }

  function matching(entries, filter) {
    const matches = Filters.matcher(filter.q);
    return entries.filter(
      (entry) =>
        matches(entry.text) &&
        (!filter.outcome.length ||
          entry.states.some((s) => s >= 0 && filter.outcome.includes(Outcomes.state(s).category))),
    );
  }

  /** filter: {q, outcome}, changed in place; `changed` puts it into the address. */
  function list(model, runtime, vectors, filter, changed) {
    const entries = entriesOf(model, runtime, vectors);
    const body = el('tbody');
    const listing = Listing.make({
      place: body,
      find: () => matching(entries, filter),
      draw: (shown) => body.replaceChildren(...shown.map((e) => lineOf(model, runtime, e))),
      say: (n) => `${Words.count(n)} of ${Words.plural(entries.length, 'vector')}`,
    });
    const update = () => {
      listing.update();
      changed();
    };
    return el(
      'div',
      null,
      el(
        'div.filters',
        null,
        Filters.search('Vectors', filter.q, 'id, statement, message', (q) => {
          filter.q = q;
          update();
        }),
        Filters.outcomes(categoriesOf(entries), filter.outcome, update),
      ),
      listing.status,
      Dom.scrollBox(
        'Vectors',
        el('table.vectors', null, el('caption.unseen', null, 'Vectors'), headOf(runtime), body),
      ),
      listing.more,
    );
  }

  function headline(model, runtime, parameters) {
    const row = model.byMnemonic.get(parameters.instruction);
    const what = row
      ? el('a', { href: State.href('instruction', { name: row.mnemonic }) }, Model.rowName(row))
      : 'Vectors';
    const where = runtime && [
      ' on ',
      el('a', { href: State.href('runtime', { key: runtime.key }) }, runtime.title),
    ];
    return [what, where, parameters.clause && [' of ', parameters.clause]];
  }

  function render(model, parameters) {
    const runtime = model.byKey.get(parameters.runtime);
    const filter = { q: parameters.q || '', outcome: parameters.outcome || [] };
    const changed = () => State.replace('vectors', { ...parameters, ...filter });
    const clause = parameters.clause && model.data.clauses.find((c) => c.id === parameters.clause);
    return {
      title: `Vectors${parameters.instruction ? ` of ${parameters.instruction}` : ''}`,
      node: [
        el('h2', null, headline(model, runtime, parameters)),
        clause && el('p.lead', null, clause.text, ' ', Words.sectionLink(clause.section)),
        list(model, runtime, chosen(model, parameters), filter, changed),
      ],
    };
  }

  return { render, list, link };
})();
