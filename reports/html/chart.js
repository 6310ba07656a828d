'use strict';
// A line over time as inline SVG. It only repeats what a table beside it says, so readers of the
// table miss nothing.

const Chart = (() => {
  const { svg } = Dom;
  const SIZE = { width: 640, height: 180, left: 56, right: 16, top: 12, bottom: 28 };

  function scale(from, to, low, high) {
    return (value) =>
      from === to ? (low + high) / 2 : low + ((value - from) * (high - low)) / (to - from);
  }

  function ticks(low, high) {
    const span = high - low || 1;
    const step =
      10 ** Math.floor(Math.log10(span / 2)) *
      (span / 10 ** Math.floor(Math.log10(span / 2)) > 5 ? 2 : 1);
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

  /** points: [{time, value, label}], in order of time. */
  function line(title, points, format) {
    const values = points.map((p) => p.value);
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
    const path = points
      .map((p, i) => `${i ? 'L' : 'M'}${x(p.time).toFixed(1)} ${y(p.value).toFixed(1)}`)
      .join('');
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
      svg('path', { class: 'line', d: path }),
      points.map((p) =>
        svg(
          'circle',
          { class: 'point', cx: x(p.time), cy: y(p.value), r: '3' },
          svg('title', null, `${p.label}: ${format(p.value)}`),
        ),
      ),
    );
  }

  return { line };
})();
