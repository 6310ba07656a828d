'use strict';
// A text with a button that copies it. From file:// the clipboard's interface may be missing or
// refuse; then a selected text field does it the old way.

const Copy = (() => {
  const { el } = Dom;

  function copyBySelection(text) {
    const field = el('textarea.unseen', { 'aria-hidden': 'true', tabindex: '-1', readonly: true });
    field.value = text;
    document.body.append(field);
    field.select();
    let done = false;
    try {
      done = document.execCommand('copy');
    } catch {
      done = false;
    }
    field.remove();
    return done;
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyBySelection(text);
    }
  }

  function selectAll(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  async function clicked(button, code, text) {
    const focused = document.activeElement;
    const done = await copy(text);
    if (focused instanceof HTMLElement) focused.focus();
    if (!done) selectAll(code);
    const word = done ? 'Copied' : 'Selected: press Ctrl+C';
    button.textContent = word;
    Dom.announce(word);
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2000);
  }

  /** label: what it is, in a word or two. */
  function block(label, text) {
    const code = el('code', null, text);
    const button = el(
      'button',
      {
        type: 'button',
        'aria-label': `Copy: ${label}`,
        on: { click: () => clicked(button, code, text) },
      },
      'Copy',
    );
    return el(
      'figure.copy',
      null,
      el('figcaption', null, el('span', null, label), button),
      el('pre', { tabindex: '0', role: 'region', 'aria-label': label }, code),
    );
  }

  return { block };
})();
