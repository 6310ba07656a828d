'use strict';
// Two runtimes side by side, and only where they differ.

const Compare = (() => {
  const { el } = Dom;

  /** How two states differ, or null: the kinds that are counted. */
  function kindOf(a, b) {
    if (a === b) return null;
    if (a < 0 || b < 0) return a < 0 && b < 0 ? null : 'one';
    if (Outcomes.isPass(a) && Outcomes.isPass(b)) return 'executed';
    if (Outcomes.isPass(a)) return 'first';
    return Outcomes.isPass(b) ? 'second' : 'both';
  }

  function differencesOf(model, a, b) {
    return model.vectors
      .flatMap((vector) => {
        const kind = kindOf(a.states[vector.index], b.states[vector.index]);
        return kind ? [{ vector, kind, row: vector.rows[0] }] : [];
      })
      .sort((x, y) => x.row - y.row || x.vector.index - y.vector.index);
  }

  function kinds(a, b) {
    return [
      ['first', `only ${a.label} passes`],
      ['second', `only ${b.label} passes`],
      ['both', 'neither passes, and they differ'],
      ['executed', 'both pass, one without executing it'],
      ['one', 'only one of them ran it'],
    ];
  }

  function lineOf(a, b, { vector }) {
    const outcome = (runtime) => {
      const failure = runtime.failures[vector.index];
      return el(
        'td',
        null,
        el(
          'a.cell',
          { href: State.href('divergence', { id: vector.id, runtime: runtime.key }) },
          Outcomes.badge(runtime.states[vector.index]),
        ),
        failure && failure.why && el('div.small.why', null, failure.why),
      );
    };
    const link = el('a', { href: State.href('vector', { id: vector.id }) }, vector.id);
    return el('tr', null, el('th', { scope: 'row' }, link), outcome(a), outcome(b));
  }

  function groupOf(model, a, b, row, entries) {
    const name = model.rows[row];
    return el(
      'tbody',
      null,
      el(
        'tr.section',
        null,
        el(
          'th',
          { scope: 'rowgroup', colspan: '3' },
          el(
            'a',
            { href: State.href('instruction', { name: name.mnemonic }) },
            Model.rowName(name),
          ),
          ' ',
          el('span.small', null, `${name.rfc_name}, ${Words.plural(entries.length, 'vector')}`),
        ),
      ),
      entries.map((entry) => lineOf(a, b, entry)),
    );
  }

  function grouped(entries) {
    const groups = new Map();
    for (const entry of entries) {
      if (!groups.has(entry.row)) groups.set(entry.row, []);
      groups.get(entry.row).push(entry);
    }
    return [...groups];
  }

  function table(model, a, b, entries) {
    return Dom.scrollBox(
      'Differences',
      el(
        'table.compare',
        null,
        el(
          'caption.unseen',
          null,
          'Vectors that came out differently, by the first instruction that they test',
        ),
        Dom.tableHead(['vector', a.title, b.title]),
        grouped(entries).map(([row, members]) => groupOf(model, a, b, row, members)),
      ),
    );
  }

  function result(model, a, b, selected, changed) {
    const all = differencesOf(model, a, b);
    const counts = kinds(a, b)
      .map(([kind, text]) => ({ kind, text, count: all.filter((e) => e.kind === kind).length }))
      .filter((entry) => entry.count);
    const place = el('div');
    const listing = Listing.make({
      place,
      find: () =>
        all.filter((e) => (selected.length ? selected.includes(e.kind) : e.kind !== 'one')),
      draw: (shown) =>
        place.replaceChildren(
          shown.length ? table(model, a, b, shown) : el('p', null, 'No difference.'),
        ),
      say: (n) => `${Words.count(n)} of ${Words.plural(model.vectors.length, 'vector')} differ`,
    });
    const update = () => {
      listing.update();
      changed();
    };
    const options = counts.map((c) => ({
      value: c.kind,
      content: [c.text, ' ', el('b', null, Words.count(c.count))],
    }));
    return [
      el('div.filters', null, Filters.chips('Kind', options, selected, update)),
      listing.status,
      place,
      listing.more,
    ];
  }

  /** The two lists stay what they are when one changes, so that the keyboard does not lose them. */
  function pickers(model, pair, changed) {
    const options = model.runtimes.map((r) => ({
      value: r.key,
      text: Dom.visible(r.title).slice(0, 120),
    }));
    const picker = (label, which) =>
      Filters.choice(label, options, pair[which].key, (key) => {
        pair[which] = model.byKey.get(key);
        changed();
      });
    const [first, second] = [picker('First', 'a'), picker('Second', 'b')];
    const swap = Filters.button('Swap', () => {
      [pair.a, pair.b] = [pair.b, pair.a];
      first.querySelector('select').value = pair.a.key;
      second.querySelector('select').value = pair.b.key;
      changed();
    });
    return el('div.filters.pair', null, first, swap, second);
  }

  function pairOf(model, parameters) {
    const ran = model.runtimes.filter((r) => r.ran);
    const a = model.byKey.get(parameters.a) || ran[0] || model.runtimes[0];
    const b = model.byKey.get(parameters.b) || ran.find((r) => r !== a) || a;
    return { a, b };
  }

  function render(model, parameters) {
    const pair = pairOf(model, parameters);
    if (!pair.a) return Main.missing('a runtime');
    const kinds = parameters.kind ? parameters.kind.split(',') : [];
    const place = el('div');
    const note = () =>
      State.replace('compare', { a: pair.a.key, b: pair.b.key, kind: kinds.join(',') });
    const fill = () => place.replaceChildren(...result(model, pair.a, pair.b, kinds, note));
    fill();
    const changed = () => {
      kinds.length = 0; // what differs is another matter now
      fill();
      note();
    };
    return {
      title: `${pair.a.label} and ${pair.b.label}`,
      node: [el('h2', null, 'Side by side'), pickers(model, pair, changed), place],
    };
  }

  return { render };
})();
