// Compiled together with bpf2c's C: what the runtime's loader of native modules does, and how to
// call in. The layout of everything in between is that of the runtime's own header, bpf2c.h.
#include "windows_names.h"

#include "module.c"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_HELPERS = 64, CONTEXT_BYTES = 64, BLOCK_AT = 65536 };

// Of the map's value, which only exists from the block on: programs touch nothing before it.
static _Thread_local uintptr_t current_value;

static uint64_t map_lookup_elem(uint64_t map, uint64_t key, uint64_t r3, uint64_t r4, uint64_t r5,
                                void* context) {
    uint32_t index;
    (void)map, (void)r3, (void)r4, (void)r5, (void)context;
    memcpy(&index, (const void*)(uintptr_t)key, sizeof index);
    return index == 0 ? (uint64_t)current_value : 0;
}

static uint64_t ktime_get_ns(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5,
                             void* context) {
    struct timespec now;
    (void)r1, (void)r2, (void)r3, (void)r4, (void)r5, (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static helper_function_t helper_of(uint32_t id) {
    switch (id) {
    case 1:
        return map_lookup_elem;
    case 9:
        return ktime_get_ns;
    }
    return NULL;
}

void bpf_assay_module_version(uint32_t* numbers) {
    bpf2c_version_t version;
    module_metadata_table.version(&version);
    numbers[0] = version.major;
    numbers[1] = version.minor;
    numbers[2] = version.revision;
}

// The program of that name; NULL if the module has none, or one that calls a helper unknown here.
const void* bpf_assay_module_find(const char* name) {
    program_entry_t* programs;
    size_t count, i, helper;
    module_metadata_table.programs(&programs, &count);
    for (i = 0; i < count; i++) {
        if (strcmp(programs[i].program_name, name) != 0)
            continue;
        if (programs[i].helper_count > MOST_HELPERS)
            return NULL;
        for (helper = 0; helper < programs[i].helper_count; helper++)
            if (programs[i].helpers[helper].helper_id != 0 &&
                !helper_of(programs[i].helpers[helper].helper_id))
                return NULL;
        return &programs[i];
    }
    return NULL;
}

uint64_t bpf_assay_module_run(const void* found, void* block) {
    const program_entry_t* program = found;
    helper_function_data_t helpers[MOST_HELPERS];
    map_data_t maps[1];
    program_runtime_context_t runtime;
    uint64_t context[CONTEXT_BYTES / 8];
    size_t i;
    memset(helpers, 0, sizeof helpers);
    memset(maps, 0, sizeof maps);
    memset(&runtime, 0, sizeof runtime);
    memset(context, 0, sizeof context);
    for (i = 0; i < program->helper_count; i++)
        helpers[i].address = helper_of(program->helpers[i].helper_id);
    current_value = (uintptr_t)block - BLOCK_AT;
    maps[0].address = (uintptr_t)block;
    maps[0].array_data = (uint8_t*)current_value;
    runtime.helper_data = helpers;
    runtime.map_data = maps;
    return program->function(context, &runtime);
}
