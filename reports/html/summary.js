'use strict';
// The first view: what each runtime holds of each conformance group, its claims against what was
// found, what was not there, and the runs behind all of it.

const Summary = (() => {
  const { el } = Dom;

  // By index in data.verdicts. What is held in whole is plain; what is not stands out.
  const VERDICTS = {
    held: { sign: '\u2713', look: 'good', word: 'held' },
    'held, but not executed': { sign: 'N', look: 'fine', word: 'held, not executed' },
    'held with tolerated rejections': { sign: 'R', look: 'tolerated', word: 'held, tolerated' },
    'not held': { sign: '\u2717', look: 'bad', word: 'not held' },
    'not tested in full': { sign: '?', look: 'open', word: 'not in full' },
  };
  // Nobody is to be blamed for a group that is not there, and is not claimed.
  const UNSUPPORTED = { sign: 'U', look: 'absent', word: 'not supported' };
  const ENCODING = {
    good: { sign: '\u2713', look: 'good', word: 'all refused' },
    tolerated: { sign: 'A', look: 'tolerated', word: 'tolerated' },
    bad: { sign: '\u2717', look: 'bad', word: 'not all refused' },
    none: { sign: '?', look: 'open', word: 'not tested' },
  };

  function verdictOf(model, index) {
    const name = model.data.verdicts[index];
    return VERDICTS[name] || { sign: '?', look: 'open', word: name || 'unknown' };
  }

  /**
   * Vectors that must be refused belong to no group: they have a line of their own, and no
   * verdict.
   */
  function encodingVerdict(group) {
    if (!group.vectors) return ENCODING.none;
    const passed = group.outcomes[0] + group.outcomes[1];
    if (passed === group.vectors) return ENCODING.good;
    return passed + group.tolerated >= group.vectors ? ENCODING.tolerated : ENCODING.bad;
  }

  function groupVerdict(model, group, index) {
    const unsupported = group.outcomes[model.data.outcomes.indexOf('unsupported')];
    if (unsupported === group.vectors) return UNSUPPORTED;
    return model.data.groups[index] === 'encoding'
      ? encodingVerdict(group)
      : verdictOf(model, group.verdict);
  }

  const verdictTitle = (model, group, index) =>
    model.data.groups[index] === 'encoding' ? null : model.data.verdicts[group.verdict];

  /** What is no plain pass, the worst first: W 3, R 12. */
  function shortfall(group) {
    const counts = new Array(Outcomes.STATES).fill(0);
    group.outcomes.forEach((n, code) => {
      if (code > 0) counts[2 * code] = n;
    });
    return Outcomes.brief(counts);
  }

  function groupCell(model, runtime, group, index) {
    if (!group.vectors) return el('td.absent', null, '\u00b7 none ran');
    const verdict = groupVerdict(model, group, index);
    const passed = group.outcomes[0] + group.outcomes[1];
    return el(
      'td',
      null,
      el(
        'a.cell',
        { href: State.href('runtime', { key: runtime.key }) },
        Outcomes.verdict(verdict, verdictTitle(model, group, index)),
      ),
      el('div.small', null, `${Words.count(passed)}/${Words.count(group.vectors)}`),
      el('div.small', null, shortfall(group)),
    );
  }

  function runtimeHead(runtime) {
    return el(
      'th',
      { scope: 'row' },
      el('a', { href: State.href('runtime', { key: runtime.key }) }, runtime.title),
      runtime.name && el('div.small', null, runtime.name),
      runtime.facts?.executed_by && el('div.small', null, `executed by ${runtime.facts.executed_by}`),
      runtime.status !== 'ran' && el('div.small', null, runtime.status),
      (runtime.partly || []).length > 0 && el('div.small', null, 'partly tested'),
    );
  }

  function groupsTable(model) {
    const tested = model.runtimes.filter((r) => r.groups && r.groups.some((g) => g.vectors));
    // The RFC's groups and the encodings stand always, an extension where anybody has it.
    const shown = model.data.groups
      .map((_, i) => i)
      .filter((i) => !model.data.groups[i].startsWith('x-') || tested.some((r) => r.groups[i].vectors));
    return Dom.scrollBox(
      'Runtimes by conformance groups',
      el(
        'table.summary',
        null,
        el(
          'caption',
          null,
          'What each runtime holds of each conformance group, with the vectors that pass of those that ran',
        ),
        Dom.tableHead(['runtime', ...shown.map((i) => model.data.groups[i])]),
        el(
          'tbody',
          null,
          tested.map((runtime) =>
            el(
              'tr',
              null,
              runtimeHead(runtime),
              shown.map((i) => groupCell(model, runtime, runtime.groups[i], i)),
            ),
          ),
        ),
      ),
    );
  }

  function totals(model) {
    const { data } = model;
    const pair = (number, text) => el('li', null, el('b', null, number), ' ', text);
    return el(
      'ul.totals',
      null,
      pair(
        `${model.runtimes.filter((r) => r.ran).length}/${model.runtimes.length}`,
        'runtimes ran to the end',
      ),
      pair(Words.count(data.vectors.count), 'vectors in the suite'),
      pair(Words.count(data.instructions.length), 'instructions'),
      pair(Words.count(data.clauses.length), 'clauses of the RFC'),
    );
  }

  function claimsSection(model) {
    const tested = model.runtimes.filter(
      (r) => r.claims && r.groups && r.groups.some((g) => g.vectors),
    );
    return [
      el('h3', null, 'Claims against findings'),
      el('p', null, 'A conformance group is a promise of all of its instructions (section 2.4).'),
      el(
        'ul.claims',
        null,
        tested.map((runtime) => Runtime.claimItem(model, runtime)),
      ),
    ];
  }

  function reservationsSection(model) {
    const rows = model.runtimes
      .filter((runtime) => runtime.status !== 'unavailable')
      .map((runtime) => ({ runtime, texts: Runtime.reservations(runtime) }))
      .filter(({ texts }) => texts.length)
      .map(({ runtime, texts }) => [
        el('a', { href: State.href('runtime', { key: runtime.key }) }, runtime.title),
        texts.map((text) => el('div', null, text)),
      ]);
    if (!rows.length) return null;
    return [
      el('h3', null, 'What the verdicts do not rest on'),
      Dom.scrollBox(
        'Reservations',
        Dom.table(
          'Runtimes not tested in full, or not compared in full',
          ['runtime', 'what'],
          rows,
        ),
      ),
    ];
  }

  function missingSection(model) {
    const missing = model.runtimes.filter((r) => r.status !== 'ran');
    if (!missing.length) return null;
    const rows = missing.map((r) => [
      el('a', { href: State.href('runtime', { key: r.key }) }, r.title),
      r.status,
      el('span.why', null, r.why || ''),
    ]);
    return [
      el('h3', null, 'Not run, or not to the end'),
      Dom.scrollBox(
        'Runtimes that did not run to the end',
        Dom.table('Runtimes that did not run to the end', ['runtime', 'status', 'reason'], rows),
      ),
    ];
  }

  function unexplainedSection(model) {
    const broken = model.runtimes.filter((r) => r.unexplained && r.unexplained.length);
    if (!broken.length) return null;
    return [
      el('h3', null, 'Breakdowns that no vector explains'),
      el(
        'p',
        null,
        'The plugin broke down, and running the vectors one by one did not show which of them did it.',
      ),
      el(
        'dl.facts',
        null,
        broken.map((r) =>
          el(
            'div',
            null,
            el('dt', null, r.title),
            r.unexplained.map((text) => el('dd.why', null, text)),
          ),
        ),
      ),
    ];
  }

  function runBlock(run) {
    const e = run.environment || {};
    return el(
      'details',
      null,
      el(
        'summary',
        null,
        el('b', null, run.file),
        `, ${Words.when(run.started)}, profile ${run.profile}`,
      ),
      Dom.facts([
        ['tool', `bpf-assay ${run.tool}`],
        ['machine', [e.system, e.release, e.machine].filter(Boolean).join(' ')],
        ['LLVM', e.llvm],
        ['took', Words.seconds(run.seconds)],
        ['reading', run.strict ? 'strict' : 'base'],
      ]),
      Copy.block('Command of the run', Words.shellLine(run.command || [])),
    );
  }

  function runsSection(model) {
    const { data } = model;
    return [
      el('h3', null, 'Runs'),
      (data.runs || []).map(runBlock),
      el('p.small.digest', null, `SHA-256 of the vectors: ${data.vectors.digest}`),
      Copy.block('Command of this report', Words.shellLine(data.command || [])),
    ];
  }

  function render(model) {
    return {
      title: 'Summary',
      node: [
        el('h2', null, 'Summary'),
        totals(model),
        groupsTable(model),
        Outcomes.legend(),
        reservationsSection(model),
        claimsSection(model),
        missingSection(model),
        unexplainedSection(model),
        runsSection(model),
      ],
    };
  }

  return { render, groupVerdict };
})();
