'use strict';
// Elements. Every string of the data goes through `visible` into a text node or an attribute;
// nothing here or elsewhere parses text as HTML, as a runtime may have chosen the text.

const Dom = (() => {
  // Controls, bidirectional marks and line separators would reorder or hide the text around them.
  const UNSEEN =
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

  function visible(text) {
    return String(text).replace(
      UNSEEN,
      (c) => `<U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`,
    );
  }

  function append(parent, child) {
    if (child === null || child === undefined || child === false) return;
    if (Array.isArray(child)) child.forEach((c) => append(parent, c));
    else if (child instanceof Node) parent.append(child);
    else parent.append(document.createTextNode(visible(child)));
  }

  function setAttribute(element, name, value) {
    if (value === null || value === undefined || value === false) return;
    if (name === 'on') {
      for (const [event, handler] of Object.entries(value))
        element.addEventListener(event, handler);
    } else if (name === 'href' || name === 'value') {
      element.setAttribute(name, value); // not shown as it is, so nothing to make visible
    } else {
      element.setAttribute(name, value === true ? '' : visible(value));
    }
  }

  function filled(element, attributes, children) {
    for (const [key, value] of Object.entries(attributes || {})) setAttribute(element, key, value);
    append(element, children);
    return element;
  }

  /** `tag.class.class`, attributes or null, children. */
  function el(tag, attributes, ...children) {
    const [name, ...classes] = tag.split('.');
    const element = document.createElement(name);
    if (classes.length) element.className = classes.join(' ');
    return filled(element, attributes, children);
  }

  const svg = (name, attributes, ...children) =>
    filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

  /** A box that scrolls by itself, so that the page never does sideways; reachable by keyboard. */
  function scrollBox(label, ...children) {
    return el('div.scroll', { role: 'region', tabindex: '0', 'aria-label': label }, children);
  }

  /** columns: texts, or {text, numeric, look}, text being anything that an element may hold. */
  function tableHead(columns) {
    const heads = columns.map((column) =>
      el(
        'th',
        { scope: 'col', class: column.numeric ? 'number' : column.look },
        column.text ?? column,
      ),
    );
    return el('thead', null, el('tr', null, heads));
  }

  /** columns: as of tableHead. rows: lists of cells, the first one a head of the row. */
  function table(caption, columns, rows, className = '') {
    const numeric = columns.map((column) => Boolean(column.numeric));
    const body = rows.map((row) =>
      el(
        'tr',
        null,
        row.map((cell, i) =>
          i === 0
            ? el('th', { scope: 'row' }, cell)
            : el('td', { class: numeric[i] ? 'number' : null }, cell),
        ),
      ),
    );
    return el(
      'table',
      { class: className || null },
      el('caption', null, caption),
      tableHead(columns),
      el('tbody', null, body),
    );
  }

  /** Pairs of term and description; those without a description are left out. */
  function facts(pairs) {
    const shown = pairs.filter(([, value]) => ![null, undefined, false, ''].includes(value));
    return el(
      'dl.facts',
      null,
      shown.map(([term, value]) => el('div', null, el('dt', null, term), el('dd', null, value))),
    );
  }

  function announce(text) {
    document.getElementById('announcer').textContent = text;
  }

  return { el, svg, visible, scrollBox, tableHead, table, facts, announce };
})();
