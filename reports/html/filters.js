'use strict';
// Controls that several views have: chips (buttons that are pressed or not), a search field, a
// list.

const Filters = (() => {
  const { el } = Dom;

  /** options: [{value, content}]. selected: a list of values, changed in place. */
  function chips(label, options, selected, changed) {
    const buttons = options.map(({ value, content }) => {
      const button = el(
        'button.chip',
        {
          type: 'button',
          'aria-pressed': String(selected.includes(value)),
          'data-value': value,
        },
        content ?? value,
      );
      button.addEventListener('click', () => {
        const at = selected.indexOf(value);
        if (at < 0) selected.push(value);
        else selected.splice(at, 1);
        button.setAttribute('aria-pressed', String(at < 0));
        changed();
      });
      return button;
    });
    return el(
      'div.chips',
      { role: 'group', 'aria-label': label },
      el('span.label', null, label),
      buttons,
    );
  }

  function search(label, value, placeholder, changed) {
    const input = el('input', {
      type: 'search',
      value,
      placeholder,
      spellcheck: 'false',
      autocomplete: 'off',
      on: { input: () => changed(input.value.trim()) },
    });
    return el('label.field', null, el('span.label', null, label), input);
  }

  /** options: [{value, text}] */
  function choice(label, options, value, changed) {
    const select = el(
      'select',
      { on: { change: () => changed(select.value) } },
      options.map((o) => el('option', { value: o.value, selected: o.value === value }, o.text)),
    );
    return el('label.field', null, el('span.label', null, label), select);
  }

  function button(text, clicked) {
    return el('button', { type: 'button', on: { click: clicked } }, text);
  }

  /** The words of a search must all occur; case does not matter. */
  function matcher(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    return (text) => words.every((word) => text.includes(word));
  }

  /** Chips for the categories of outcomes, each with its sign. */
  function outcomes(present, selected, changed) {
    const options = Outcomes.categories()
      .filter((name) => present.has(name))
      .map((name) => {
        const index = Outcomes.indexOfCategory(name);
        return { value: name, content: [Outcomes.sign(index), ` ${name}`] };
      });
    return chips('Outcome', options, selected, changed);
  }

  return { chips, search, choice, button, matcher, outcomes };
})();
