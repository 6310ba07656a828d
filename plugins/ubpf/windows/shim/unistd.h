// <unistd.h> for uBPF, which looks here for what Windows has by other names.
#pragma once

#include <stdlib.h>

static inline int rand_r(unsigned* seed) {
    unsigned value = 0;
    (void)seed;
    rand_s(&value);
    return (int)(value & RAND_MAX);
}

#ifdef _MSC_VER
#include <stdarg.h>
#include <stdio.h>

static inline int vasprintf(char** text, const char* format, va_list arguments) {
    va_list again;
    int size;
    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    *text = size < 0 ? NULL : (char*)malloc((size_t)size + 1);
    return *text ? vsnprintf(*text, (size_t)size + 1, format, arguments) : -1;
}
#endif
