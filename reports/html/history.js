'use strict';
// How results changed: comparisons of two runs, and the trend of each runtime over many.

const HistoryPage = (() => {
  const { el } = Dom;
  const SHOWN = 200;
  const KINDS = [
    ['regressed', 'Regressed'],
    ['changed', 'Failed differently'],
    ['fixed', 'Fixed'],
    ['added', 'New vectors'],
    ['gone', 'Gone'],
  ];

  const outcomeOf = (code) =>
    Number.isInteger(code) ? Outcomes.badge(2 * code) : el('span.absent', null, '\u00b7');

  function changesTable(title, entries) {
    const rows = entries
      .slice(0, SHOWN)
      .map((entry) => [
        el('a', { href: State.href('vector', { id: entry.id }) }, entry.id),
        outcomeOf(entry.old),
        outcomeOf(entry.new),
      ]);
    const rest = entries.length - rows.length;
    return [
      Dom.scrollBox(title, Dom.table(title, ['vector', 'before', 'after'], rows)),
      rest > 0 && el('p.small', null, `and ${Words.count(rest)} more`),
    ];
  }

  function kindBlock(comparison, [key, name]) {
    const entries = comparison[key] || [];
    if (!entries.length) return null;
    return el(
      'details',
      { open: key === 'regressed' },
      el('summary', null, `${name} `, el('b', null, Words.count(entries.length))),
      changesTable(name, entries),
    );
  }

  function comparisonBlock(comparison) {
    const same = KINDS.every(([key]) => !(comparison[key] || []).length);
    const names =
      comparison.old === comparison.new
        ? comparison.new
        : `${comparison.old} \u2192 ${comparison.new}`;
    return el(
      'section',
      null,
      el('h4', null, names),
      el('p.small', null, `${comparison.old_run} \u2192 ${comparison.new_run}`),
      same ? el('p', null, 'No difference.') : KINDS.map((kind) => kindBlock(comparison, kind)),
    );
  }

  function pointsOf(entry) {
    return entry.points
      .map((point) => ({
        time: Date.parse(point.started) || 0,
        label: Words.when(point.started),
        point,
        value: Math.max(0, (point.vectors || 0) - (point.pass || 0)),
      }))
      .sort((a, b) => a.time - b.time);
  }

  function trendTable(model, points) {
    const names = model.data.outcomes.filter((name) => points.some(({ point }) => point[name]));
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
      point.file,
    ]);
    return Dom.scrollBox('Trend', Dom.table('Vectors by outcome', columns, rows));
  }

  function trendBlock(model, entry) {
    const points = pointsOf(entry);
    const runtime = model.byKey.get(entry.key);
    const title = runtime ? runtime.title : entry.key;
    if (!points.length) return null;
    const last = points[points.length - 1];
    const vectors = Words.plural(last.point.vectors || 0, 'vector');
    const runs = Words.plural(points.length, 'run');
    return el(
      'section.trend',
      null,
      el('h4', null, title),
      el(
        'p.small',
        null,
        `In the last of ${runs}, ${Words.count(last.value)} of ${vectors} did not plainly pass`,
      ),
      Chart.line(`Vectors that did not plainly pass, ${title}`, points, Words.count),
      el('details', null, el('summary', null, 'As a table'), trendTable(model, points)),
    );
  }

  const has = (data) => Boolean((data.comparisons || []).length || (data.history || []).length);

  function render(model) {
    const { comparisons = [], history: trends = [] } = model.data;
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
        comparisons.length > 0 && [el('h3', null, 'Comparisons'), comparisons.map(comparisonBlock)],
        trends.length > 0 && [
          el('h3', null, 'Trend'),
          trends.map((entry) => trendBlock(model, entry)),
        ],
      ],
    };
  }

  return { render, has };
})();
