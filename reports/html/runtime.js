'use strict';
// One runtime: what it is, what it claims and holds, and every vector that does not pass.

const Runtime = (() => {
  const { el } = Dom;
  const SHOWN = 5;
  const HELD = 2; // the first three verdicts hold a group

  const NOT_HELD = 3;
  const isHeld = (claim) => claim.verdict <= HELD;

  /**
   * Names of groups with a property, without those that are part of the next (base32 in base64).
   */
  function namesOf(model, claims, has) {
    return claims.flatMap((claim, i) => {
      const name = model.data.groups[i];
      const partOfNext = name.endsWith('32') && claims[i + 1] && has(claims[i + 1]);
      return has(claim) && !partOfNext ? [name] : [];
    });
  }

  function claimSentence(model, runtime) {
    const claimed = namesOf(model, runtime.claims, (c) => c.claimed);
    const held = namesOf(model, runtime.claims, isHeld);
    const less = runtime.claims.some((c) => c.claimed && !isHeld(c));
    const text = `claims ${Words.list(claimed)}; holds ${Words.list(held)}${less && held.length ? ' only' : ''}`;
    const failed = runtime.claims.some((c) => c.claimed && c.verdict === NOT_HELD);
    return { text, less, failed };
  }

  function blamed(model, entry) {
    const links = entry.instructions.map((name, i) => [
      i > 0 && ' with ',
      el('a', { href: State.href('instruction', { name }) }, name),
    ]);
    const counts = new Array(Outcomes.STATES).fill(0);
    entry.outcomes.forEach((n, code) => {
      counts[2 * code] = n;
    });
    return [
      links,
      ` (${Outcomes.listed(counts)
        .map((s) => `${counts[s]} ${model.data.outcomes[s / 2]}`)
        .join(', ')})`,
    ];
  }

  const joined = (parts) => parts.flatMap((part, i) => (i ? [', ', part] : [part]));

  function blameLine(model, claim, index) {
    const parts = claim.because.map((entry) => blamed(model, entry));
    const first = joined(parts.slice(0, SHOWN));
    const rest =
      parts.length > SHOWN &&
      el(
        'details',
        null,
        el('summary', null, `and ${parts.length - SHOWN} more`),
        joined(parts.slice(SHOWN)),
      );
    const excluded = claim.excluded.length > 0 && [
      parts.length ? '; ' : '',
      `leaves out of the claim: ${claim.excluded.join(', ')}`,
    ];
    const inner =
      !parts.length && !claim.excluded.length && 'does not hold a group that it includes';
    return el(
      'li',
      null,
      el('b', null, model.data.groups[index]),
      ': ',
      first,
      excluded,
      inner,
      rest,
    );
  }

  function blame(model, runtime) {
    const lines = runtime.claims.flatMap((claim, i) =>
      claim.claimed && claim.verdict === NOT_HELD ? [blameLine(model, claim, i)] : [],
    );
    return lines.length ? el('ul.blame', null, lines) : null;
  }

  function claimItem(model, runtime) {
    const { text, less, failed } = claimSentence(model, runtime);
    const [look, letter] = failed ? ['bad', '\u2717'] : less ? ['open', '?'] : ['good', '\u2713'];
    const sign = el(`span.sign.${look}`, { 'aria-hidden': 'true' }, letter);
    const head = [sign, ' ', el('b', null, runtime.title), ' ', text];
    if (!failed) return el('li', null, head);
    return el('li', null, el('details', null, el('summary', null, head), blame(model, runtime)));
  }

  function groupsTable(model, runtime) {
    const came = model.data.outcomes
      .map((text, code) => ({ text, code, numeric: true }))
      .filter(({ code }) => runtime.groups.some((group) => group.outcomes[code]));
    const columns = [
      'group',
      'verdict',
      { text: 'vectors', numeric: true },
      ...came,
      { text: 'tolerated', numeric: true },
      { text: 'rows', numeric: true },
    ];
    const number = (n) => (n ? Words.count(n) : el('span.absent', null, '\u00b7'));
    const rows = runtime.groups.map((group, i) => [
      model.data.groups[i],
      group.vectors ? Outcomes.verdict(Summary.groupVerdict(model, group, i)) : 'none ran',
      number(group.vectors),
      ...came.map(({ code }) => number(group.outcomes[code])),
      number(group.tolerated),
      number(group.rows[0]),
    ]);
    return Dom.scrollBox('Groups', Dom.table('Vectors by outcome', columns, rows, 'groups'));
  }

  /** What the verdicts do not rest on: parts that were not run, comparisons that were less close. */
  function reservations(runtime) {
    const partly = runtime.partly || [];
    return [
      ...(partly.length ? [`partly tested: ${partly.join('; ')}`] : []),
      ...(runtime.caveats || []),
    ];
  }

  function identity(model, runtime) {
    const run = Model.runOf(model, runtime);
    const code = runtime.machine_code;
    return Dom.facts([
      [
        'status',
        runtime.status === 'ran'
          ? 'ran'
          : el('span.why', null, `${runtime.status}: ${runtime.why || ''}`),
      ],
      ['version', runtime.version],
      ['engine', runtime.engine],
      ['byte order', runtime.byte_order],
      ['protocol', runtime.protocol],
      [
        'machine code',
        code && `shown for ${Words.count(code[0])} of ${Words.count(code[1])} loaded programs`,
      ],
      ['run', run && `${run.file}, ${Words.when(run.started)}, profile ${run.profile}`],
      ['took', Words.seconds(runtime.seconds)],
      ...Object.entries(runtime.facts || {}),
    ]);
  }

  function failingSection(model, runtime, parameters) {
    const failing = model.vectors.filter((v) => {
      const state = runtime.states[v.index];
      return state >= 0 && Outcomes.state(state).rank > 0;
    });
    if (!failing.length) return null;
    const filter = { q: parameters.q || '', outcome: parameters.outcome || [] };
    const changed = () => State.replace('runtime', { ...parameters, ...filter });
    return [
      el('h3', null, 'Vectors that did not plainly pass'),
      Vectors.list(model, runtime, failing, filter, changed),
    ];
  }

  function compareLink(model, runtime) {
    const other = model.runtimes.find((r) => r !== runtime && r.ran);
    return (
      other &&
      el(
        'a',
        { href: State.href('compare', { a: runtime.key, b: other.key }) },
        'Compare with another runtime',
      )
    );
  }

  function render(model, parameters) {
    const runtime = model.byKey.get(parameters.key);
    if (!runtime) return Main.missing(`a runtime '${parameters.key || ''}'`);
    const claims = (runtime.claims || []).length > 0 && claimSentence(model, runtime);
    return {
      title: runtime.title,
      node: [
        el('h2', null, runtime.title),
        claims && el('p.lead', null, claims.text, '.'),
        reservations(runtime).map((text) => el('p.notice', null, text)),
        el('p', null, compareLink(model, runtime)),
        claims && claims.failed && [el('h3', null, 'Why not'), blame(model, runtime)],
        (runtime.groups || []).some((g) => g.vectors) && groupsTable(model, runtime),
        (runtime.unexplained || []).map((text) =>
          el('p.notice', null, `It broke down, and no vector explains it: ${text}`),
        ),
        el('h3', null, 'What it is'),
        identity(model, runtime),
        Copy.block('Run it', Reproducer.command(model, runtime, null)),
        failingSection(model, runtime, parameters),
      ],
    };
  }

  return { render, claimItem, reservations };
})();
