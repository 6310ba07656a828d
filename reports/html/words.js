'use strict';
// Numbers, plurals, quoting and the addresses of the RFC.

const Words = (() => {
  const count = (n) => Number(n).toLocaleString('en');
  const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
  const list = (names) => (names.length ? names.join(', ') : 'nothing');
  const when = (stamp) =>
    String(stamp || '')
      .replace('T', ' ')
      .replace(/Z$/, ' UTC');
  const percent = (part, whole) => (whole ? `${Math.floor((1000 * part) / whole) / 10}%` : '-');

  function seconds(value) {
    if (!Number.isFinite(value)) return '';
    return value < 100
      ? `${value.toFixed(1)} s`
      : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  }

  // What a shell or an editor would show otherwise than it is has to be spelled out.
  const ODD =
    /[\u0000-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]/g;
  const hex = (c, width) => c.charCodeAt(0).toString(16).padStart(width, '0');

  /** A word for a POSIX shell; with odd characters, for bash. */
  function shellWord(word) {
    if (/^[A-Za-z0-9_\/.,:=@%+-]+$/.test(word)) return word;
    if (word.search(ODD) < 0) return `'${word.replaceAll("'", "'\\''")}'`;
    const escaped = word.replace(/[\\']/g, (c) => `\\${c}`);
    return `$'${escaped.replace(ODD, (c) => `\\u${hex(c, 4)}`)}'`;
  }

  const shellLine = (words) => words.map((word) => shellWord(String(word))).join(' ');

  /** For a comment of C up to the end of the line: one line, and not continued. */
  function lineComment(text) {
    return text.replace(ODD, (c) => `<U+${hex(c, 4)}>`).replace(/[\\?]+$/, '');
  }

  /** The part of the RFC, or null for the calling convention, which is not in it. */
  function rfcAddress(section) {
    const page = 'https://www.rfc-editor.org/rfc/rfc9669.html';
    if (/^[0-9]+(\.[0-9]+)*$/.test(section)) return `${page}#section-${section}`;
    return /^[A-Z]$/.test(section) ? `${page}#appendix-${section}` : null;
  }

  function sectionName(section) {
    if (section === 'abi') return 'calling convention';
    return /^[A-Z]$/.test(section) ? `Appendix ${section}` : `section ${section}`;
  }

  function sectionLink(section) {
    const address = rfcAddress(section);
    if (!address) return Dom.el('span', null, sectionName(section));
    return Dom.el(
      'a',
      { href: address, rel: 'noreferrer noopener external' },
      `RFC 9669 ${sectionName(section)}`,
    );
  }

  return {
    count,
    plural,
    list,
    when,
    percent,
    seconds,
    shellWord,
    shellLine,
    lineComment,
    sectionName,
    sectionLink,
  };
})();
