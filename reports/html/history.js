'use strict';
// How results changed: comparisons of two runs, and the trend of each runtime over many.

const HistoryPage = (() => {
  const { el } = Dom;
  const SHOWN = 200;
  // What is worse comes first, and is open.
  const KINDS = [
    ['regressed', 'Regressed', true],
    ['lost', 'Without a verdict now', true],
    ['gone', 'Not in the new results', true],
    ['fixed', 'Fixed'],
    ['changed', 'Changed otherwise'],
    ['added', 'Only in the new results'],
  ];
  const WORSE = { sign: '\u2717', look: 'bad', word: 'worse' };
  const NOT_WORSE = { sign: '\u2713', look: 'good', word: 'not worse' };

  /** An outcome, why there is none, or nothing. */
  const outcomeOf = (code, tolerated) =>
    Number.isInteger(code)
      ? Outcomes.badge(2 * code + (tolerated ? 1 : 0))
      : el('span.absent', null, code ?? '\u00b7');

  /** A vector of an older suite has no page here. */
  function changeRow(model, entry) {
    const name = model.byId.has(entry.id)
      ? el('a', { href: State.href('vector', { id: entry.id }) }, entry.id)
      : entry.id;
    return el(
      'tr',
      null,
      el('th', { scope: 'row' }, name),
      el('td', null, outcomeOf(entry.old, entry.old_tolerated)),
      el('td', null, outcomeOf(entry.new, entry.new_tolerated)),
    );
  }

  function changesTable(model, title, entries) {
    const body = el('tbody');
    const listing = Listing.make({
      place: body,
      find: () => entries,
      draw: (shown) => body.replaceChildren(...shown.map((entry) => changeRow(model, entry))),
      shown: SHOWN,
    });
    const table = el(
      'table',
      null,
      el('caption.unseen', null, title),
      Dom.tableHead(['vector', 'before', 'after']),
      body,
    );
    return [Dom.scrollBox(title, table), listing.more];
  }

  function kindBlock(model, comparison, [key, name, open]) {
    const entries = comparison[key] || [];
    if (!entries.length) return null;
    return el(
      'details',
      { open },
      el('summary', null, `${name} `, el('b', null, Words.count(entries.length))),
      changesTable(model, name, entries),
    );
  }

  function runtimeLink(model, key, title) {
    return model.byKey.has(key) ? el('a', { href: State.href('runtime', { key }) }, title) : title;
  }

  function heading(model, comparison) {
    const before = comparison.old;
    const after = comparison.new;
    const old = before && after && before !== after && [before, ' \u2192 '];
    return el('h4', null, old, after ? runtimeLink(model, comparison.key, after) : before);
  }

  function changes(model, comparison) {
    if (!comparison.old) return el('p', null, 'A new runtime: the old results do not have it.');
    if (!comparison.new) return el('p', null, 'Gone: the new results do not have it.');
    const blocks = KINDS.map((kind) => kindBlock(model, comparison, kind));
    return blocks.some(Boolean) ? blocks : el('p', null, 'No difference.');
  }

  const notesOf = (texts) => texts.map((text) => el('p.notice', null, text));

  function comparisonBlock(model, comparison) {
    return el(
      'section.comparison',
      null,
      heading(model, comparison),
      el(
        'p.small',
        null,
        `${comparison.old_run} \u2192 ${comparison.new_run} `,
        Outcomes.verdict(comparison.worse ? WORSE : NOT_WORSE),
      ),
      notesOf(comparison.notes || []),
      changes(model, comparison),
    );
  }

  /** Of one run: what is not tolerated stands under the name of its outcome. */
  function pointOf(point) {
    const sum = (names) => names.reduce((all, name) => all + (point[name] || 0), 0);
    return {
      point,
      time: Date.parse(point.started) || 0,
      label: Words.when(point.started),
      values: [sum(Outcomes.divergences()), sum(['expected-failure'])],
      apart: Boolean(point.partial),
    };
  }

  function runCell(model, { file, partial, digest }) {
    const others = digest && digest !== model.data.vectors.digest;
    return [file, partial && [', partial: ', partial], others && ', other vectors'];
  }

  function trendTable(model, points) {
    const names = [...model.data.outcomes, 'tolerated'].filter((name) =>
      points.some(({ point }) => point[name]),
    );
    const columns = [
      'started',
      ...names.map((text) => ({ text, numeric: true })),
      { text: 'vectors', numeric: true },
      'run',
    ];
    const rows = points.map(({ point, label }) => [
      label,
      ...names.map((name) => Words.count(point[name] || 0)),
      Words.count(point.vectors || 0),
      runCell(model, point),
    ]);
    return Dom.scrollBox('Trend', Dom.table('Vectors by outcome', columns, rows));
  }

  function sentence(points) {
    const whole = points.filter((p) => !p.apart);
    const partial = points.length - whole.length;
    const last = (whole.length ? whole : points).at(-1);
    const [divergences, known] = last.values;
    return (
      `${Words.plural(whole.length, 'whole run')}${partial ? `, ${Words.count(partial)} partial` : ''}. ` +
      `The last${whole.length && partial ? ' whole' : ''} one has ${Words.plural(divergences, 'divergence')} ` +
      `and ${Words.plural(known, 'known divergence')}, of ${Words.plural(last.point.vectors || 0, 'vector')}.`
    );
  }

  function trendBlock(model, entry) {
    const points = entry.points.map(pointOf).sort((a, b) => a.time - b.time);
    if (!points.length) return null;
    const runtime = model.byKey.get(entry.key);
    const title = runtime ? runtime.title : entry.title || entry.key;
    return el(
      'section.trend',
      null,
      el('h4', null, runtimeLink(model, entry.key, title)),
      el('p.small', null, sentence(points)),
      Chart.lines(`Divergences and known divergences, ${title}`, points, Words.count),
      Chart.key(
        ['divergences', 'known divergences'],
        points.some((p) => p.apart) && 'a partial run',
      ),
      el('details', null, el('summary', null, 'As a table'), trendTable(model, points)),
    );
  }

  const has = (data) => Boolean((data.comparisons || []).length || (data.history || []).length);

  function render(model) {
    const { comparisons = [], comparison_notes: notes = [], history: trends = [] } = model.data;
    return {
      title: 'History',
      node: [
        el('h2', null, 'History'),
        !has(model.data) &&
          el(
            'p',
            null,
            'This report was made from one run of each runtime: there is nothing to compare it with.',
          ),
        comparisons.length > 0 && [
          el('h3', null, 'Comparisons'),
          notesOf(notes),
          comparisons.map((comparison) => comparisonBlock(model, comparison)),
        ],
        trends.length > 0 && [
          el('h3', null, 'Trend'),
          trends.map((entry) => trendBlock(model, entry)),
        ],
      ],
    };
  }

  return { render, has };
})();
