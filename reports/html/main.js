'use strict';
// Reads the data, shows the view that the address names, and follows the address.

const Main = (() => {
  const { el } = Dom;
  const VIEWS = {
    summary: Summary,
    matrix: Matrix,
    instruction: Instruction,
    vectors: Vectors,
    vector: VectorPage,
    divergence: Divergence,
    runtime: Runtime,
    compare: Compare,
    coverage: Coverage,
    history: HistoryPage,
  };
  // What stands in the navigation, and the views below each.
  const TABS = [
    ['summary', 'Summary', ['runtime']],
    ['matrix', 'Matrix', ['instruction', 'vectors', 'vector', 'divergence']],
    ['compare', 'Side by side', []],
    ['coverage', 'Coverage', []],
    ['history', 'History', []],
  ];
  let model = null;

  function missing(what) {
    return {
      title: 'Not in this report',
      node: [
        el('h2', null, 'Not in this report'),
        el(
          'p',
          null,
          `There is no ${what.replace(/^an? /, '')} in this report. `,
          el('a', { href: State.href('summary') }, 'Summary'),
        ),
      ],
    };
  }

  function navigation(view) {
    const shown = TABS.filter(([name]) => name !== 'history' || HistoryPage.has(model.data));
    return el(
      'ul',
      null,
      shown.map(([name, title, below]) =>
        el(
          'li',
          null,
          el(
            'a',
            {
              href: State.href(name),
              'aria-current': name === view ? 'page' : below.includes(view) ? 'true' : null,
            },
            title,
          ),
        ),
      ),
    );
  }

  function applyScheme() {
    const scheme = State.currentScheme();
    const root = document.documentElement;
    if (scheme) root.dataset.scheme = scheme;
    else delete root.dataset.scheme;
    const next = { '': 'as the system', light: 'light', dark: 'dark' }[scheme];
    document.getElementById('scheme').textContent = `Colours: ${next}`;
  }

  function nextScheme() {
    const order = ['', 'dark', 'light'];
    const { view, parameters } = State.parse(location.hash);
    State.setScheme(order[(order.indexOf(State.currentScheme()) + 1) % order.length]);
    State.replace(view, parameters);
    show(false);
  }

  /** moved: whether the reader came here by a link, so that the heading gets the focus. */
  function show(moved) {
    const { view, parameters } = State.parse(location.hash);
    applyScheme();
    const page = (VIEWS[view] || { render: () => missing(`a view '${view}'`) }).render(
      model,
      parameters,
    );
    const content = document.getElementById('content');
    content.className = page.wide ? 'wide' : '';
    content.replaceChildren(el('div', null, page.node));
    page.shown?.();
    document.getElementById('views').replaceChildren(navigation(view));
    document.title = `${Dom.visible(page.title)} - BPF compatibility report`;
    if (!moved) return;
    scrollTo(0, 0);
    const heading = content.querySelector('h2');
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  /** The data: JSON, compressed (RFC 1950), in base64. */
  async function unpack() {
    const text = atob(document.getElementById('data').textContent.trim());
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
    return new Response(stream).json();
  }

  async function start() {
    let data;
    try {
      data = await unpack();
    } catch (error) {
      const text = `The results in this file cannot be read (${error.message}). It may be cut short, or the browser too old: it takes Chromium 80, Firefox 113, Safari 16.4, or a newer one.`;
      document.getElementById('content').replaceChildren(el('p', { class: 'notice' }, text));
      return;
    }
    model = Model.make(data);
    document.getElementById('imprint').textContent = Dom.visible(
      `RFC 9669, by ${data.tool}, ${Words.when(data.made)}`,
    );
    document.getElementById('scheme').addEventListener('click', nextScheme);
    document.getElementById('skip').addEventListener('click', (event) => {
      event.preventDefault(); // the fragment is the state, and not an anchor
      document.getElementById('content').focus();
    });
    addEventListener('hashchange', () => show(true));
    show(false);
  }

  return { start, missing };
})();

Main.start();
