// MOV64, ADD64, LDDW, LDXDW, STXDW and EXIT: enough for the lowered vectors of 64-bit additions and
// moves. Addresses are virtual, so that a wrong one is found.
#include "runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum opcode {
    ADD_K = 0x07,
    ADD_X = 0x0f,
    LDDW = 0x18,
    LDXDW = 0x79,
    STXDW = 0x7b,
    EXIT = 0x95,
    MOV_K = 0xb7,
    MOV_X = 0xbf,
};

struct instruction {
    uint8_t opcode;
    uint8_t dst, src;
    int16_t offset;
    uint64_t imm; // extended to 64 bits
};

static const uint64_t block_start = 0x10000000;
static const uint64_t stack_end = 0x20000200;
enum { stack_size = 512 };

struct runtime {
    struct instruction* program;
    size_t length;
    char why[128];
};

struct state {
    uint64_t registers[11];
    uint8_t* block;
    size_t size;
    uint8_t stack[stack_size];
};

struct runtime* runtime_new(void) {
    return calloc(1, sizeof(struct runtime));
}

void runtime_free(struct runtime* runtime) {
    free(runtime->program);
    free(runtime);
}

static const char* say(struct runtime* runtime, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(runtime->why, sizeof runtime->why, format, arguments);
    va_end(arguments);
    return runtime->why;
}

// Programs and data are little-endian, whatever the machine is.
static uint64_t get(const uint8_t* at, unsigned bytes) {
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

static void put(uint8_t* at, uint64_t value) {
    for (unsigned i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static struct instruction decode(const uint8_t* slot) {
    struct instruction decoded;
    decoded.opcode = slot[0];
    decoded.dst = slot[1] & 15;
    decoded.src = slot[1] >> 4;
    decoded.offset = (int16_t)get(slot + 2, 2);
    decoded.imm = (uint64_t)(int32_t)get(slot + 4, 4);
    return decoded;
}

// NULL, or the field that the instruction does not have, or that is out of its range.
static const char* wrong_field(const struct instruction* i) {
    const int memory = i->opcode == LDXDW || i->opcode == STXDW;
    const int has_src = memory || i->opcode == ADD_X || i->opcode == MOV_X;
    const unsigned last_dst = i->opcode == EXIT ? 0 : i->opcode == STXDW ? 10 : 9; // R10 is fixed
    if (i->dst > last_dst)
        return "dst";
    if (i->src > (has_src ? 10 : 0))
        return "src";
    if (i->offset && !memory)
        return "offset";
    return i->imm && (has_src || i->opcode == EXIT) ? "imm" : NULL;
}

static int is_known(uint8_t opcode) {
    static const uint8_t known[] = {ADD_K, ADD_X, LDDW, LDXDW, STXDW, EXIT, MOV_K, MOV_X};
    return memchr(known, opcode, sizeof known) != NULL;
}

static const char* check(struct runtime* runtime, const struct instruction* i, size_t pc) {
    const char* field;
    if (!is_known(i->opcode))
        return say(runtime, "slot %lu: opcode 0x%02x is not known", (unsigned long)pc, i->opcode);
    field = wrong_field(i);
    return field
               ? say(runtime, "slot %lu: %s is too large or must be zero", (unsigned long)pc, field)
               : NULL;
}

const char* runtime_load(struct runtime* runtime, const uint8_t* image, size_t bytes) {
    const size_t slots = bytes / 8;
    const char* why;
    runtime->length = 0;
    if (bytes % 8 || !slots || image[bytes - 8] != EXIT)
        return say(runtime, "not a whole number of slots with EXIT as the last");
    free(runtime->program);
    runtime->program = calloc(slots, sizeof(struct instruction));
    if (!runtime->program)
        return say(runtime, "no memory");
    for (size_t pc = 0; pc < slots; pc++) {
        struct instruction* next = &runtime->program[runtime->length++];
        *next = decode(image + 8 * pc);
        why = check(runtime, next, pc);
        if (why)
            return why;
        if (next->opcode == LDDW) { // there is a next slot: the last one is EXIT
            const uint8_t* second = image + 8 * ++pc;
            if (get(second, 4))
                return say(runtime, "slot %lu: not the second half of LDDW", (unsigned long)pc);
            next->imm = (next->imm & UINT32_MAX) | get(second + 4, 4) << 32;
        }
    }
    return NULL;
}

// Where the 8 bytes at a virtual address are, or NULL.
static uint8_t* find(struct state* state, uint64_t address) {
    const uint64_t in_block = address - block_start;
    const uint64_t in_stack = address - (stack_end - stack_size);
    if (state->size >= 8 && in_block <= state->size - 8)
        return state->block + in_block;
    return in_stack <= stack_size - 8 ? state->stack + in_stack : NULL;
}

const char* runtime_run(struct runtime* runtime, uint8_t* block, size_t size, uint64_t* r0) {
    struct state state = {
        .registers = {[1] = block_start, [10] = stack_end}, .block = block, .size = size};
    for (const struct instruction* i = runtime->program; i->opcode != EXIT; i++) {
        uint64_t* dst = &state.registers[i->dst];
        const uint64_t src = state.registers[i->src];
        if (i->opcode == LDXDW || i->opcode == STXDW) {
            const uint64_t base = i->opcode == LDXDW ? src : *dst;
            const uint64_t address = base + (uint64_t)i->offset;
            uint8_t* at = find(&state, address);
            if (!at)
                return say(runtime, "there are no 8 bytes at 0x%llx", (unsigned long long)address);
            if (i->opcode == LDXDW)
                *dst = get(at, 8);
            else
                put(at, src);
        } else {
            const int adds = i->opcode == ADD_K || i->opcode == ADD_X;
            const int has_src = i->opcode == ADD_X || i->opcode == MOV_X;
            *dst = (adds ? *dst : 0) + (has_src ? src : i->imm);
        }
    }
    *r0 = state.registers[0];
    return NULL;
}
