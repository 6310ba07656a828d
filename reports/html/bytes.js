'use strict';
// Two numbers side by side, byte by byte. Bytes that differ are boxed, and named in words beside
// them.

const Bytes = (() => {
  const { el } = Dom;

  /** The bytes of '0x...', the highest first; null for anything else, such as an address. */
  function split(text) {
    const match = /^0x([0-9a-f]+)$/i.exec(text);
    if (!match) return null;
    const digits = match[1].length % 2 ? `0${match[1]}` : match[1];
    return digits.match(/../g);
  }

  function pad(bytes, length) {
    return [...new Array(length - bytes.length).fill('00'), ...bytes];
  }

  /** expected and seen as elements, and which bytes differ, 0 being the lowest. */
  function compare(expected, seen) {
    const a = split(expected);
    const b = split(seen);
    if (!a || !b)
      return { expected: el('code', null, expected), seen: el('code', null, seen), differing: [] };
    const length = Math.max(a.length, b.length);
    const [left, right] = [pad(a, length), pad(b, length)];
    const differing = left.flatMap((byte, i) => (byte === right[i] ? [] : [length - 1 - i]));
    const draw = (bytes) =>
      el(
        'code.bytes',
        null,
        '0x',
        bytes.map((byte, i) =>
          left[i] === right[i] ? el('span', null, byte) : el('mark', null, byte),
        ),
      );
    return { expected: draw(left), seen: draw(right), differing: differing.reverse() };
  }

  /** 0, 1, 2, 5 as '0-2, 5'. */
  function ranges(numbers) {
    const parts = [];
    for (const n of numbers) {
      const last = parts[parts.length - 1];
      if (last && last[1] === n - 1) last[1] = n;
      else parts.push([n, n]);
    }
    return parts.map(([a, b]) => (a === b ? `${a}` : `${a}\u2013${b}`)).join(', ');
  }

  return { compare, ranges };
})();
