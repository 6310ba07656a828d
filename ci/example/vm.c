#include "vm.h"

#include <stdlib.h>
#include <string.h>

enum class { LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 };
enum { MOV = 11, NEG = 8, END = 13, JA = 0, CALL = 8, EXIT = 9 }; // the upper half of opcodes
enum { LDDW = 0x18, MEM = 3, MEMSX = 4 };
enum field { DST = 1, SRC = 2, OFFSET = 4, IMM = 8, NOTHING = 0, UNKNOWN = -1 };
enum { frame_size = 512, max_frames = 8 };

struct insn {
    uint8_t opcode, dst, src;
    int16_t offset;
    uint64_t imm; // extended to 64 bits
};

struct vm {
    struct insn* code;
    size_t slots;
};

struct frame {
    uint8_t stack[frame_size];
    uint64_t saved[4]; // R6 to R9 of the caller
    size_t back;       // the slot to return to
};

struct state {
    uint64_t r[11];
    uint8_t* block;
    size_t size;
    unsigned depth;
    struct frame frames[max_frames];
};

// Addresses are virtual, so that a wrong one is found. Frame n ends n * 0x10000 below the stack's end.
static const uint64_t block_at = 0x10000000, stack_at = 0x20080000;

struct vm* vm_new(void) {
    return calloc(1, sizeof(struct vm));
}

void vm_free(struct vm* vm) {
    free(vm->code);
    free(vm);
}

// Programs and data are little-endian.
static uint64_t get(const uint8_t* at, unsigned bytes) {
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

static void put(uint8_t* at, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t sign_extend(uint64_t value, unsigned bits) {
    return (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

static unsigned width_of(const struct insn* i) { // in bytes, of a load or store
    static const unsigned widths[] = {4, 2, 1, 8};
    return widths[i->opcode >> 3 & 3];
}

// The fields that an instruction may use; UNKNOWN if there is none with this opcode.
static int alu_fields(const struct insn* i) {
    const int code = i->opcode >> 4, with_register = i->opcode & 8, wide = (i->opcode & 7) == ALU64;
    if (code == NEG)
        return with_register ? UNKNOWN : DST;
    if (code == END)
        return (i->imm == 16 || i->imm == 32 || i->imm == 64) && !(wide && with_register)
                   ? DST | IMM
                   : UNKNOWN;
    if (code == MOV && with_register && i->offset)
        return i->offset == 8 || i->offset == 16 || (wide && i->offset == 32) ? DST | SRC | OFFSET
                                                                              : UNKNOWN;
    if (code == 2 || code == 3 || code == 9 || code > END) // MUL, DIV, MOD are of other groups
        return UNKNOWN;
    return with_register ? DST | SRC : DST | IMM;
}

static int jump_fields(const struct insn* i) {
    const int code = i->opcode >> 4, with_register = i->opcode & 8, wide = (i->opcode & 7) == JMP;
    if (code == JA)
        return with_register ? UNKNOWN : wide ? OFFSET : IMM;
    if (code == CALL) // of a local function
        return wide && !with_register && i->src == 1 ? SRC | IMM : UNKNOWN;
    if (code == EXIT)
        return wide && !with_register ? NOTHING : UNKNOWN;
    return code > 13 ? UNKNOWN : DST | OFFSET | (with_register ? SRC : IMM);
}

static int fields_of(const struct insn* i) {
    const int mode = i->opcode >> 5;
    switch (i->opcode & 7) {
    case LD:
        return i->opcode == LDDW ? DST | IMM : UNKNOWN;
    case LDX:
        return mode == MEM || (mode == MEMSX && width_of(i) < 8) ? DST | SRC | OFFSET : UNKNOWN;
    case ST:
        return mode == MEM ? DST | OFFSET | IMM : UNKNOWN;
    case STX:
        return mode == MEM ? DST | SRC | OFFSET : UNKNOWN;
    case JMP:
    case JMP32:
        return jump_fields(i);
    default:
        return alu_fields(i);
    }
}

static int is_jump(const struct insn* i) {
    return (i->opcode & 7) == JMP || (i->opcode & 7) == JMP32;
}

static const char* check(const struct insn* i) {
    const int fields = fields_of(i), store = (i->opcode & 7) == ST || (i->opcode & 7) == STX;
    if (fields == UNKNOWN)
        return "an instruction that is not known";
    if ((!(fields & DST) && i->dst) || (!(fields & SRC) && i->src) ||
        (!(fields & OFFSET) && i->offset) || (!(fields & IMM) && i->imm))
        return "a field that must be zero is not";
    if (i->src > 10 || i->dst > (store || is_jump(i) ? 10 : 9))
        return "a register that is not there, or R10 as the destination";
    return NULL;
}

// The slot that a jump or a call leads to.
static size_t target_of(const struct insn* i, size_t pc) {
    return pc + 1 + (jump_fields(i) & OFFSET ? (size_t)i->offset : (size_t)i->imm);
}

static const char* decode(struct vm* vm, const uint8_t* image) {
    for (size_t pc = 0; pc < vm->slots; pc++) {
        const uint8_t* slot = image + 8 * pc;
        struct insn* i = &vm->code[pc];
        const char* why;
        *i = (struct insn){slot[0], slot[1] & 15, slot[1] >> 4, (int16_t)get(slot + 2, 2),
                           sign_extend(get(slot + 4, 4), 32)};
        if ((why = check(i)))
            return why;
        if (i->opcode == LDDW) { // its second slot stays zero: an instruction that is not known
            if (++pc == vm->slots || get(slot + 8, 4))
                return "not the second half of a 64-bit immediate";
            i->imm = (i->imm & UINT32_MAX) | get(slot + 12, 4) << 32;
        }
    }
    return NULL;
}

const char* vm_load(struct vm* vm, const uint8_t* image, size_t bytes) {
    const char* why;
    free(vm->code);
    vm->slots = bytes / 8;
    vm->code = calloc(vm->slots + 1, sizeof *vm->code);
    if (!vm->code || bytes % 8 || !bytes)
        return !vm->code ? "no memory" : "not a whole number of slots";
    if ((why = decode(vm, image)))
        return why;
    for (size_t pc = 0; pc < vm->slots; pc++) {
        const struct insn* i = &vm->code[pc];
        const size_t target = target_of(i, pc);
        if (is_jump(i) && jump_fields(i) != NOTHING &&
            (target >= vm->slots || !vm->code[target].opcode))
            return "a jump to where no instruction is";
    }
    const uint8_t last = vm->code[vm->slots - 1].opcode;
    return last == 0x95 || last == 0x05 || last == 0x06 ? NULL : "it runs off the end";
}

static uint8_t* find(struct state* s, uint64_t address, unsigned bytes) {
    if (address - block_at <= s->size - bytes && s->size >= bytes)
        return s->block + (address - block_at);
    for (unsigned n = 0; n <= s->depth; n++) {
        const uint64_t in_frame = address - (stack_at - n * 0x10000 - frame_size);
        if (in_frame <= frame_size - bytes)
            return s->frames[n].stack + in_frame;
    }
    return NULL;
}

static uint64_t swapped(uint64_t value, unsigned bits) {
    uint64_t result = 0;
    for (unsigned n = 0; n < bits; n += 8)
        result = result << 8 | (value >> n & 255);
    return result;
}

static uint64_t alu(const struct insn* i, uint64_t a, uint64_t b) {
    const unsigned bits = (i->opcode & 7) == ALU64 ? 64 : 32;
    const unsigned count = b & (bits - 1);
    uint64_t result = 0;
    switch (i->opcode >> 4) {
    case 0:
        result = a + b;
        break;
    case 1:
        result = a - b;
        break;
    case 4:
        result = a | b;
        break;
    case 5:
        result = a & b;
        break;
    case 6:
        result = a << count;
        break;
    case 7:
        result = (bits == 64 ? a : (uint32_t)a) >> count;
        break;
    case NEG:
        result = 0 - a;
        break;
    case 10:
        result = a ^ b;
        break;
    case MOV:
        result = i->offset ? sign_extend(b, (unsigned)i->offset) : b;
        break;
    case 12:
        result = (uint64_t)((int64_t)sign_extend(a, bits) >> count);
        break;
    case END: // to little-endian without a change of order
        return i->opcode == 0xd4 ? (i->imm == 64 ? a : a & ((1ull << i->imm) - 1))
                                 : swapped(a, (unsigned)i->imm);
    }
    return bits == 64 ? result : (uint32_t)result;
}

static int holds(const struct insn* i, uint64_t a, uint64_t b) {
    const unsigned bits = (i->opcode & 7) == JMP ? 64 : 32;
    const int64_t sa = (int64_t)sign_extend(a, bits), sb = (int64_t)sign_extend(b, bits);
    a = bits == 64 ? a : (uint32_t)a;
    b = bits == 64 ? b : (uint32_t)b;
    switch (i->opcode >> 4) {
    case 1:
        return a == b;
    case 2:
        return a > b;
    case 3:
        return a >= b;
    case 4:
        return (a & b) != 0;
    case 5:
        return a != b;
    case 6:
        return sa > sb;
    case 7:
        return sa >= sb;
    case 10:
        return a < b;
    case 11:
        return a <= b;
    case 12:
        return sa < sb;
    case 13:
        return sa <= sb;
    default:
        return 1; // JA
    }
}

static const char* call(struct state* s, size_t* pc, size_t target) {
    struct frame* frame;
    if (s->depth + 1 == max_frames)
        return "more than eight frames";
    frame = &s->frames[++s->depth];
    memset(frame->stack, 0, frame_size);
    memcpy(frame->saved, &s->r[6], sizeof frame->saved);
    frame->back = *pc + 1;
    s->r[10] -= 0x10000;
    *pc = target;
    return NULL;
}

static const char* move(struct state* s, const struct insn* i, uint64_t src) {
    const int load = (i->opcode & 7) == LDX;
    const unsigned bytes = width_of(i);
    uint8_t* at = find(s, (load ? src : s->r[i->dst]) + (uint64_t)i->offset, bytes);
    if (!at)
        return "an address outside of block and stack";
    if (!load)
        put(at, src, bytes);
    else
        s->r[i->dst] =
            i->opcode >> 5 == MEMSX ? sign_extend(get(at, bytes), 8 * bytes) : get(at, bytes);
    return NULL;
}

const char* vm_run(struct vm* vm, uint8_t* block, size_t size, uint64_t* r0) {
    struct state s = {.r = {[1] = block_at, [10] = stack_at}, .block = block, .size = size};
    const char* why = NULL;
    for (size_t pc = 0; !why;) {
        const struct insn* i = &vm->code[pc];
        const int class = i->opcode & 7;
        const int takes_register = class == LDX || class == STX || (class > STX && i->opcode & 8);
        const uint64_t src = takes_register ? s.r[i->src] : i->imm;
        if (class == LD) {
            s.r[i->dst] = i->imm;
            pc += 2;
        } else if (class <= STX) {
            why = move(&s, i, src);
            pc++;
        } else if (!is_jump(i)) {
            s.r[i->dst] = alu(i, s.r[i->dst], src);
            pc++;
        } else if (i->opcode >> 4 == CALL) {
            why = call(&s, &pc, target_of(i, pc));
        } else if (i->opcode >> 4 != EXIT) {
            pc = holds(i, s.r[i->dst], src) ? target_of(i, pc) : pc + 1;
        } else if (s.depth) {
            memcpy(&s.r[6], s.frames[s.depth].saved, sizeof s.frames[0].saved);
            s.r[10] += 0x10000;
            pc = s.frames[s.depth--].back;
        } else {
            *r0 = s.r[0];
            return NULL;
        }
    }
    return why;
}
