// A runtime of six instructions, so that the example runs as it is. Put yours in its place.
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stddef.h>
#include <stdint.h>

struct runtime;

struct runtime* runtime_new(void);
void runtime_free(struct runtime* runtime);

// Takes a program. NULL, or why it is refused; the text holds until the next call.
const char* runtime_load(struct runtime* runtime, const uint8_t* image, size_t bytes);

// Runs the program on the block, R1 being its address. NULL, and *r0 is set; or why it has ended
// before EXIT.
const char* runtime_run(struct runtime* runtime, uint8_t* block, size_t size, uint64_t* r0);

#endif
