'use strict';
// The closed set of outcomes: sign, rank and look. A state is an outcome with 'tolerated' or
// without: 2 * code + tolerated. Signs are letters in shapes (filled, outlined, dotted, plain), so
// that colour only repeats what they say.

const Outcomes = (() => {
  const STATES = 24;

  // look: how it is drawn. rank: how bad it is, as in docs/policy.md; what is tolerated ranks
  // below.
  const BY_NAME = {
    pass: { sign: '\u2713', look: 'good', rank: 0 },
    'pass, not executed': { sign: 'N', look: 'fine', rank: 1 },
    unsupported: { sign: 'U', look: 'absent', rank: 2 },
    'not run': { sign: '?', look: 'open', rank: 7 },
    'expected-failure': { sign: 'E', look: 'known', rank: 8 },
    rejected: { sign: 'R', look: 'bad', rank: 10 },
    accepted: { sign: 'A', look: 'bad', rank: 11 },
    fault: { sign: 'F', look: 'bad', rank: 12 },
    'unexpected-pass': { sign: 'P', look: 'bad', rank: 13 },
    wrong: { sign: 'W', look: 'bad', rank: 14 },
    timeout: { sign: 'T', look: 'bad', rank: 15 },
    crash: { sign: 'C', look: 'bad', rank: 16 },
  };
  const TOLERATED_FROM = 10; // ranks of failures; tolerated ones keep their order behind 'unsupported'

  let names = [];
  let states = [];

  function stateOf(name, tolerated) {
    const known = BY_NAME[name] || { sign: '?', look: 'open', rank: 7 };
    if (!tolerated || known.rank < TOLERATED_FROM)
      return { ...known, name, tolerated: false, category: name, word: name };
    const rank = 3 + (known.rank - TOLERATED_FROM) / 10;
    return {
      ...known,
      name,
      look: 'tolerated',
      rank,
      tolerated: true,
      category: 'tolerated',
      word: `${name}, tolerated`,
    };
  }

  function use(outcomes) {
    names = outcomes.slice(0, STATES / 2);
    states = names.flatMap((name) => [stateOf(name, false), stateOf(name, true)]);
  }

  const state = (index) => states[index];
  const categories = () => [...names, 'tolerated'];
  // Of all that may be tolerated, a rejection is the usual case and gives the sign.
  const indexOfCategory = (name) =>
    name === 'tolerated' ? 2 * names.indexOf('rejected') + 1 : 2 * names.indexOf(name);
  // A divergence is what docs/policy.md calls so: no pass, not tolerated, and not on the runtime's list
  // of known divergences. One on that list is a known divergence, here and in all views.
  const isDivergence = (index) => states[index].look === 'bad';
  const isPass = (index) => index >= 0 && states[index].rank <= 1;
  const divergences = () => names.filter((name, code) => states[2 * code].look === 'bad');

  const ABSENT = {
    '-1': 'not in this run',
    '-2': 'off: the runtime declares the extension',
    '-3': 'not offered by the runtime',
  };

  /** The letter in its shape. The word stands beside it, or in a label. */
  function sign(index) {
    if (index < 0) return Dom.el('span.sign.none', { 'aria-hidden': 'true' }, '\u00b7');
    return Dom.el(`span.sign.${states[index].look}`, { 'aria-hidden': 'true' }, states[index].sign);
  }

  const word = (index) => (index < 0 ? ABSENT[index] : states[index].word);

  /** Of several outcomes together: {sign, look, word}. */
  function verdict({ sign: letter, look, word: text }, title) {
    return Dom.el(
      'span.outcome',
      { title },
      Dom.el(`span.sign.${look}`, { 'aria-hidden': 'true' }, letter),
      ' ',
      text,
    );
  }

  function badge(index) {
    return Dom.el('span.outcome', null, sign(index), ' ', word(index));
  }

  /** counts by state, worst first: 'wrong 3, pass 38'. */
  function listed(counts) {
    return [...counts.keys()]
      .filter((index) => counts[index] && states[index])
      .sort((a, b) => states[b].rank - states[a].rank);
  }

  function tally(counts) {
    return Dom.el(
      'span.tally',
      null,
      listed(counts).map((index) =>
        Dom.el(
          'span.outcome',
          null,
          sign(index),
          ` ${word(index)} `,
          Dom.el('b', null, Words.count(counts[index])),
        ),
      ),
    );
  }

  /** The same in letters, where there is no room for words; they are there for who cannot see. */
  function brief(counts) {
    return listed(counts).map((index) =>
      Dom.el(
        'span.brief',
        { title: word(index) },
        Dom.el('b', { 'aria-hidden': 'true' }, states[index].sign),
        Dom.el('span.unseen', null, word(index)),
        ` ${Words.count(counts[index])} `,
      ),
    );
  }

  const sentence = (counts) =>
    listed(counts)
      .map((i) => `${word(i)} ${counts[i]}`)
      .join(', ');

  function legend() {
    const shown = states
      .filter((s, i) => i % 2 === 0 || s.tolerated)
      .filter((s) => !s.tolerated || s.name === 'rejected');
    const meaning = Dom.el(
      'p.small',
      null,
      'Filled letters are divergences: not what the RFC says, not tolerated, and not on the runtime\u2019s ' +
        'list of known divergences. What is on that list is an expected failure.',
    );
    const signs = Dom.el(
      'ul.legend',
      { 'aria-label': 'Signs' },
      shown.map((s) =>
        Dom.el(
          'li.outcome',
          null,
          Dom.el(`span.sign.${s.look}`, { 'aria-hidden': 'true' }, s.sign),
          ' ',
          s.tolerated ? 'tolerated by a policy (here: rejected)' : s.name,
        ),
      ),
    );
    return [meaning, signs];
  }

  return {
    STATES,
    use,
    state,
    categories,
    indexOfCategory,
    divergences,
    isDivergence,
    isPass,
    sign,
    word,
    verdict,
    badge,
    listed,
    tally,
    brief,
    sentence,
    legend,
  };
})();
