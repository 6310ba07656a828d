'use strict';
// A list that may be long: its first entries, how many there are, and a button for all of them.

const Listing = (() => {
  const { el } = Dom;
  const SHOWN = 300; // a table of 5,929 rows takes seconds to lay out

  /** The button is gone once it was pressed: the keyboard goes on at the first entry that is new. */
  function focusRow(place, index) {
    const head = place.querySelectorAll('tbody th[scope=row]')[index];
    const target = head.querySelector('a') || head;
    if (target === head) head.tabIndex = -1;
    target.focus();
  }

  /**
   * find: gives the entries to list. draw: puts those that it is given, one row for each, into
   * place. say: words for so many entries. update is for when others are found.
   */
  function make({ place, find, draw, say = Words.count, shown = SHOWN }) {
    const status = el('p.count');
    const showAll = () => {
      fill(Infinity);
      focusRow(place, shown);
      Dom.announce(status.textContent);
    };
    const button = Filters.button('', showAll);
    const paper = el('span.paper', null, `The first ${Words.count(shown)} of them.`);
    const more = el('p.more', null, button, paper);
    function fill(limit) {
      const found = find();
      draw(found.slice(0, limit));
      status.textContent = say(found.length);
      more.hidden = found.length <= limit;
      button.textContent = `Show all ${Words.count(found.length)}`;
    }
    const update = () => {
      fill(shown);
      Dom.announce(status.textContent);
    };
    fill(shown);
    return { status, more, update };
  }

  return { make };
})();
