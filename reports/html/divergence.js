'use strict';
// One vector on one runtime: what had to come out, what came out, and how to see it again.

const Divergence = (() => {
  const { el } = Dom;
  const REGISTERS = 10;
  const LONG = 40; // lines of a program
  const KNOWN = {
    'expected-failure': 'Known divergence: ',
    'unexpected-pass': 'The list of known divergences is out of date: ',
  };

  function beforeOf(failure, place) {
    const match = /^r([0-9])$/.exec(place);
    return match && failure.registers_before ? failure.registers_before[match[1]] : '';
  }

  function differences(failure) {
    const rows = (failure.differences || []).map((difference) => {
      const both = Bytes.compare(difference.expected, difference.seen);
      return [
        difference.place,
        both.expected,
        both.seen,
        both.differing.length ? Bytes.ranges(both.differing) : '',
        el('code', null, beforeOf(failure, difference.place)),
      ];
    });
    if (!rows.length) return null;
    return Dom.scrollBox(
      'Differences',
      Dom.table(
        'Expected and seen, boxed where the bytes differ (0 is the lowest)',
        ['place', 'expected', 'seen', 'differing bytes', 'before'],
        rows,
        'differences',
      ),
    );
  }

  function registersBefore(failure) {
    if (!failure.registers_before) return null;
    const items = failure.registers_before
      .slice(0, REGISTERS)
      .map((value, i) => el('li', null, el('b', null, `r${i}`), ' ', el('code', null, value)));
    return el(
      'details',
      { open: true },
      el('summary', null, 'Registers before'),
      el(
        'ul.registers',
        null,
        items,
        failure.memory_before &&
          el('li', null, el('b', null, 'memory'), ' ', el('code', null, failure.memory_before)),
      ),
    );
  }

  function listing(program) {
    const wide = program.image.match(/.{1,16}/g) || [];
    const bySlot = wide.length === program.disassembly.length;
    let slot = 0;
    const lines = program.disassembly.map((text) => {
      const line = `${String(slot).padStart(4)}: ${Dom.visible(text)}`;
      slot += !bySlot && (wide[slot] || '').startsWith('18') ? 2 : 1;
      return line;
    });
    const long = lines.length > LONG;
    return el(
      long ? 'details.long' : 'details',
      { open: !long },
      el(
        'summary',
        null,
        `The program as it was loaded, ${Words.plural(program.image.length / 16, 'slot')}`,
      ),
      el(
        'pre.listing',
        { tabindex: '0', role: 'region', 'aria-label': 'Program' },
        el('code', null, lines.join('\n')),
      ),
    );
  }

  function consoleLines(failure) {
    if (!failure.stderr || !failure.stderr.length) return null;
    return el(
      'details',
      { open: true },
      el('summary', null, 'The plugin\u2019s standard error, last lines'),
      el(
        'pre',
        { tabindex: '0', role: 'region', 'aria-label': 'Standard error' },
        el('code', null, failure.stderr.join('\n')),
      ),
    );
  }

  function placeOf(failure) {
    const parts = [`program ${failure.program}`];
    if (failure.program_text) parts.push(failure.program_text);
    if (failure.row !== undefined) parts.push(`row ${failure.row}`);
    return parts.join(', ');
  }

  /** said: what stands above already. */
  function failureBody(model, failure, said) {
    const program = Model.program(model, failure.program_index);
    return [
      failure.why && failure.why !== said && el('p.why', null, failure.why),
      differences(failure),
      registersBefore(failure),
      consoleLines(failure),
      program && listing(program),
    ];
  }

  function failureBlock(model, failure, index, said) {
    const title = [Outcomes.badge(2 * failure.outcome), ` in ${placeOf(failure)}`];
    return el(
      'details.failure',
      { open: index === 0 },
      el('summary', null, title),
      failureBody(model, failure, said),
    );
  }

  function failuresSection(model, entry) {
    const first = entry.first || [];
    if (!first.length) return null;
    const of =
      entry.failing && entry.failing > first.length
        ? `the first ${first.length} of ${Words.count(entry.failing)}`
        : '';
    return [
      el('h3', null, 'What came out', of && el('span.small', null, ` ${of}`)),
      first.map((failure, i) => failureBlock(model, failure, i, entry.why)),
    ];
  }

  function rowsLine(entry) {
    const [total, run, passed] = entry.rows || [0, 0, 0];
    if (!total) return null;
    const failing =
      entry.failing > 0 ? `; ${Words.count(entry.failing)} rows or programs fail` : '';
    const ran = `${Words.count(passed)} of ${Words.plural(run, 'row')} passed`;
    return el('p.small', null, `${ran}, of ${Words.count(total)} in all${failing}.`);
  }

  /** What docs/policy.md and the runtime's list of known divergences say to it. */
  function notes(model, entry, state) {
    const known = KNOWN[Outcomes.state(state).name];
    const policy = (model.data.policies || []).find((p) => p.name === entry.policy);
    const tolerated = Outcomes.state(state).tolerated
      ? 'this outcome is tolerated'
      : 'this outcome is not among those it tolerates';
    return [
      entry.why &&
        el(known ? 'p.notice.why' : 'p.lead.why', null, known && el('b', null, known), entry.why),
      entry.policy &&
        el('p', null, `Policy ${entry.policy}: ${tolerated}. `, policy && policy.reason),
      rowsLine(entry),
    ];
  }

  function reproducers(model, runtime, vector, entry) {
    const failure = entry && (entry.first || [])[0];
    const program = failure && Model.program(model, failure.program_index);
    return [
      el('h3', null, 'See it again'),
      Copy.block('Command', Reproducer.command(model, runtime, vector.id)),
      vector.yaml && Copy.block('YAML', vector.yaml),
      program &&
        program.image &&
        Copy.block('C', Reproducer.cArray(`${vector.id}, ${placeOf(failure)}`, program)),
    ];
  }

  function step(model, runtime, vector, direction) {
    for (let v = vector.index + direction; v >= 0 && v < model.vectors.length; v += direction)
      if (runtime.states[v] >= 0 && !Outcomes.isPass(runtime.states[v])) return model.vectors[v];
    return null;
  }

  function neighbours(model, runtime, vector) {
    const link = (other, before, behind) =>
      other &&
      el(
        'a',
        { href: State.href('divergence', { id: other.id, runtime: runtime.key }) },
        before,
        other.id,
        behind,
      );
    return el(
      'nav.neighbours',
      { 'aria-label': 'Vectors of this runtime that do not pass' },
      link(step(model, runtime, vector, -1), '\u2190 '),
      ' ',
      link(step(model, runtime, vector, 1), '', ' \u2192'),
    );
  }

  function heading(runtime, vector, state) {
    return [
      el('h2', null, vector.id),
      el(
        'p.lead',
        null,
        Outcomes.badge(state),
        ' on ',
        el('a', { href: State.href('runtime', { key: runtime.key }) }, runtime.title),
        '. ',
        el('a', { href: State.href('vector', { id: vector.id }) }, 'On all runtimes'),
      ),
    ];
  }

  function render(model, parameters) {
    const vector = model.byId.get(parameters.id);
    const runtime = model.byKey.get(parameters.runtime);
    if (!vector || !runtime)
      return Main.missing(`'${parameters.id || ''}' on '${parameters.runtime || ''}'`);
    const state = runtime.states[vector.index];
    const entry = runtime.failures[vector.index];
    return {
      title: `${vector.id} on ${runtime.label}`,
      node: [
        heading(runtime, vector, state),
        neighbours(model, runtime, vector),
        entry && state >= 0 && notes(model, entry, state),
        el('h3', null, 'Statement'),
        VectorPage.statement(vector),
        entry && failuresSection(model, entry),
        el('h3', null, 'What the RFC says'),
        VectorPage.clauses(model, vector),
        VectorPage.identity(model, vector),
        reproducers(model, runtime, vector, entry),
      ],
    };
  }

  return { render };
})();
