'use strict';
// What is shown stands in the URL's fragment, all of it, so that a link shows the same again:
// #view?key=value&key=value.

const State = (() => {
  const LISTS = new Set(['group', 'section', 'outcome', 'family', 'engine']);
  let scheme = ''; // '' is what the system prefers

  // The few characters that the names in our data hold and a fragment may hold, too, stay readable.
  function encode(text) {
    return encodeURIComponent(text).replace(/%(2F|3A|2C|40)/g, (code) => decodeURIComponent(code));
  }

  function decode(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // somebody has cut the link in the middle of a character
    }
  }

  const encodeValue = (value) =>
    Array.isArray(value)
      ? value.map((v) => encode(v).replaceAll(',', '%2C')).join(',')
      : encode(value);

  function href(view, parameters = {}) {
    const all = scheme ? { ...parameters, scheme } : parameters;
    const pairs = Object.entries(all)
      .filter(
        ([, value]) => value !== undefined && value !== null && value !== '' && value.length !== 0,
      )
      .map(([key, value]) => `${key}=${encodeValue(value)}`);
    return `#${view}${pairs.length ? `?${pairs.join('&')}` : ''}`;
  }

  function parse(fragment) {
    const [view, query = ''] = fragment.replace(/^#/, '').split(/\?(.*)/s);
    const parameters = {};
    for (const pair of query.split('&').filter(Boolean)) {
      const [key, value = ''] = pair.split(/=(.*)/s);
      parameters[key] = LISTS.has(key)
        ? value.split(',').filter(Boolean).map(decode)
        : decode(value);
    }
    scheme = ['light', 'dark'].includes(parameters.scheme) ? parameters.scheme : '';
    delete parameters.scheme;
    return { view: view || 'summary', parameters };
  }

  /**
   * Filters change the address in place: the way back leads to the view before, not to each
   * letter.
   */
  function replace(view, parameters) {
    history.replaceState(null, '', href(view, parameters));
  }

  const currentScheme = () => scheme;
  const setScheme = (value) => {
    scheme = value;
  };

  return { href, parse, replace, currentScheme, setScheme };
})();
