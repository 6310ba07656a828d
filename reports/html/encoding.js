'use strict';
// An instruction's encoding, drawn as the fields of section 3.1 in the order in which they lie in
// memory.

const Encoding = (() => {
  const { el } = Dom;
  const CLASSES = ['LD', 'LDX', 'ST', 'STX', 'ALU', 'JMP', 'JMP32', 'ALU64'];
  const MEMORY_CLASSES = 4; // the first four have mode and size where the others have code and source

  const hexByte = (n) => `0x${n.toString(16).padStart(2, '0')}`;
  const bits = (n, from, width) =>
    ((n >> from) & ((1 << width) - 1)).toString(2).padStart(width, '0');

  /**
   * A field is any value, unused (and has to be zero), or one number that selects the instruction.
   */
  function field(name, width, value) {
    const kind = typeof value === 'number' ? 'fixed' : value === 'any' ? 'any' : 'unused';
    const text = kind === 'unused' ? '0' : String(value);
    const note = { fixed: 'selects', any: 'operand', unused: 'unused' }[kind];
    return { name, width, text, note, kind };
  }

  function figure(caption, fields) {
    return el(
      'table.encoding',
      null,
      el('caption', null, caption),
      Dom.tableHead(
        fields.map(({ name, width }) => ({
          text: [name, el('span.small', null, ` ${Words.plural(width, 'bit')}`)],
          look: `w${width}`,
        })),
      ),
      el(
        'tbody',
        null,
        el(
          'tr',
          null,
          fields.map((f) =>
            el('td', { class: f.kind }, el('b', null, f.text), el('span.small', null, f.note)),
          ),
        ),
      ),
    );
  }

  function firstSlot(instruction) {
    const opcode = field('opcode', 8, instruction.opcode);
    opcode.text = hexByte(instruction.opcode);
    return figure('Encoding', [
      opcode,
      field('dst_reg', 4, instruction.dst_reg),
      field('src_reg', 4, instruction.src_reg),
      field('offset', 16, instruction.offset),
      field('imm', 32, instruction.imm),
    ]);
  }

  function secondSlot(instruction) {
    return figure('Second half', [
      field('reserved', 32, 'unused'),
      field('next_imm', 32, instruction.next_imm ?? 'any'),
    ]);
  }

  /** The three parts of the opcode; the RFC's name has their names in the same order. */
  function opcodeParts(instruction) {
    const names = instruction.rfc_name
      .replace(/[{}]/g, '')
      .split(',')
      .map((part) => part.trim());
    const { opcode } = instruction;
    const memory = (opcode & 7) < MEMORY_CLASSES;
    const [first, second] = memory
      ? [
          ['mode', 5, 3],
          ['size', 3, 2],
        ]
      : [
          ['code', 4, 4],
          ['source', 3, 1],
        ];
    const part = ([name, from, width], i) => ({
      name,
      width,
      text: bits(opcode, from, width),
      note: names[i] || '',
      kind: 'fixed',
    });
    return figure('Opcode', [
      part(first, 0),
      part(second, 1),
      {
        name: 'class',
        width: 3,
        text: bits(opcode, 0, 3),
        note: CLASSES[opcode & 7],
        kind: 'fixed',
      },
    ]);
  }

  function draw(instruction) {
    return Dom.scrollBox(
      'Encoding',
      el(
        'div.figures',
        null,
        firstSlot(instruction),
        instruction.wide && secondSlot(instruction),
        opcodeParts(instruction),
      ),
    );
  }

  return { draw };
})();
