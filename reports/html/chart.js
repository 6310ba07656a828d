'use strict';
// Lines over time as inline SVG. They only repeat what a table beside them says, so readers of the
// table miss nothing. Lines differ in dashes and marks, which colour repeats.

const Chart = (() => {
  const { el, svg } = Dom;
  const SIZE = { width: 640, height: 180, left: 56, right: 16, top: 12, bottom: 28 };
  const SERIES = ['first', 'second'];

  function scale(from, to, low, high) {
    return (value) =>
      from === to ? (low + high) / 2 : low + ((value - from) * (high - low)) / (to - from);
  }

  /** Counts of vectors: no tick is between two whole numbers. */
  function ticks(low, high) {
    const span = high - low;
    const power = 10 ** Math.floor(Math.log10(span / 2));
    const step = Math.max(1, power * (span / power > 5 ? 2 : 1));
    const first = Math.ceil(low / step) * step;
    return Array.from(
      { length: Math.floor((high - first) / step + 1.0001) },
      (_, i) => first + i * step,
    );
  }

  function axis(low, high, y, format) {
    return ticks(low, high).map((value) =>
      svg(
        'g',
        null,
        svg('line', {
          class: 'grid',
          x1: SIZE.left,
          x2: SIZE.width - SIZE.right,
          y1: y(value),
          y2: y(value),
        }),
        svg(
          'text',
          { class: 'tick', x: SIZE.left - 6, y: y(value) + 4, 'text-anchor': 'end' },
          format(value),
        ),
      ),
    );
  }

  function days(points, x) {
    const day = (point) => point.label.slice(0, 10);
    const last = points.length - 1;
    const shown = last > 0 && day(points[0]) !== day(points[last]) ? [0, last] : [last];
    return shown.map((i) =>
      svg(
        'text',
        {
          class: 'tick',
          x: x(points[i].time),
          y: SIZE.height - 8,
          'text-anchor': shown.length === 1 ? 'middle' : i === 0 ? 'start' : 'end',
        },
        day(points[i]),
      ),
    );
  }

  /** A circle or a square; a ring or a frame for a point that the line leaves out. */
  function mark(series, apart, x, y, title) {
    const look = `point ${SERIES[series]}${apart ? ' apart' : ''}`;
    const shape =
      series === 0
        ? ['circle', { class: look, cx: x, cy: y, r: '3.5' }]
        : ['rect', { class: look, x: x - 3, y: y - 3, width: '6', height: '6' }];
    return svg(...shape, title && svg('title', null, title));
  }

  function series(index, points, x, y, format) {
    const path = points
      .filter((p) => !p.apart)
      .map((p, i) => `${i ? 'L' : 'M'}${x(p.time).toFixed(1)} ${y(p.values[index]).toFixed(1)}`)
      .join('');
    return [
      svg('path', { class: `line ${SERIES[index]}`, d: path }),
      points.map((p) =>
        mark(
          index,
          p.apart,
          x(p.time),
          y(p.values[index]),
          `${p.label}: ${format(p.values[index])}`,
        ),
      ),
    ];
  }

  /** points: [{time, values, label, apart}], in order of time; values: one of each series. */
  function lines(title, points, format) {
    const values = points.flatMap((p) => p.values);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = (high - low) / 10 || 1;
    const [from, to] = [Math.max(0, low - margin), high + margin];
    const x = scale(
      points[0].time,
      points[points.length - 1].time,
      SIZE.left + 8,
      SIZE.width - SIZE.right - 8,
    );
    const y = scale(from, to, SIZE.height - SIZE.bottom, SIZE.top);
    return svg(
      'svg',
      {
        class: 'chart',
        viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
        role: 'img',
        'aria-label': title,
      },
      axis(from, to, y, format),
      days(points, x),
      points[0].values.map((_, index) => series(index, points, x, y, format)).reverse(),
    );
  }

  /** What the lines are, and what a mark without a line is. */
  function key(names, apart) {
    const sample = (index, lone) =>
      svg(
        'svg',
        { class: 'sample', width: '28', height: '12', 'aria-hidden': 'true' },
        !lone && svg('path', { class: `line ${SERIES[index]}`, d: 'M0 6L28 6' }),
        mark(index, lone, 14, 6),
      );
    return el(
      'ul.legend',
      { 'aria-label': 'Lines' },
      names.map((name, index) => el('li', null, sample(index, false), ` ${name}`)),
      apart && el('li', null, sample(0, true), sample(1, true), ` ${apart}, which no line joins`),
    );
  }

  return { lines, key };
})();
