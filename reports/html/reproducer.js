'use strict';
// What somebody needs to see a divergence again: the command, the vector as YAML, the program as C.

const Reproducer = (() => {
  const WIDE = '18'; // the opcode of instructions of two slots, in hex
  const SLOT = 16; // hex digits

  /** Words that select the runtime. */
  function selection(runtime) {
    if (runtime.name) return ['--runtime', runtime.name];
    return [runtime.protocol === 'one-shot' ? '--one-shot' : '--plugin', runtime.command || ''];
  }

  /** id: of a vector, or null for all. What was not the default in the run is stated. */
  function command(model, runtime, id) {
    const run = Model.runOf(model, runtime) || {};
    const options = [];
    if (run.profile && run.profile !== 'default') options.push('--profile', run.profile);
    if (run.strict) options.push('--strict');
    const words = ['bpf-assay', 'run', ...selection(runtime), ...options].map(Words.shellWord);
    if (id !== null) words.push(/^[a-z0-9\/-]+$/.test(id) ? `'${id}'` : Words.shellWord(id));
    return words.join(' ');
  }

  /** The disassembly has an entry for each instruction, or, of some encodings, for each slot. */
  function commented(slots, disassembly) {
    const bySlot = disassembly.length === slots.length;
    let next = 0;
    let inside = false;
    return slots.map((slot) => {
      const second = inside && !bySlot;
      inside = !second && slot.startsWith(WIDE);
      return { slot, text: second ? '(second half)' : disassembly[next++] || '' };
    });
  }

  function cLine({ slot, text }) {
    const bytes = (slot.match(/../g) || []).map((byte) => `0x${byte},`).join(' ');
    return `    ${bytes}${text ? ` // ${Words.lineComment(text)}` : ''}`;
  }

  /** title: for the comment above the array. */
  function cArray(title, program) {
    const slots = program.image.match(new RegExp(`.{1,${SLOT}}`, 'g')) || [];
    const lines = commented(slots, program.disassembly || []).map(cLine);
    return [
      `// ${Words.lineComment(title)}`,
      'static const uint8_t program[] = {',
      ...lines,
      '};',
      '',
    ].join('\n');
  }

  return { command, cArray, selection };
})();
