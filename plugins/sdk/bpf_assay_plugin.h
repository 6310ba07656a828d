// Makes a bpf-assay plugin of three functions: info, load, run. C99 or C++, no dependency.
//
// bpf_assay_plugin_main() speaks both contracts of docs/plugin-protocol.md: the persistent protocol
// if standard input begins with '{', the one-shot contract otherwise. What the runtime prints on
// standard output is sent to standard error, so that it cannot garble the answers.
#ifndef BPF_ASSAY_PLUGIN_H
#define BPF_ASSAY_PLUGIN_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#else
#include <unistd.h>
#endif

#ifdef __GNUC__
#define BPF_ASSAY_PRINTF __attribute__((format(printf, 2, 3)))
#pragma GCC diagnostic push
#ifdef __cplusplus
#pragma GCC diagnostic ignored "-Wold-style-cast" // it is C
#pragma GCC diagnostic ignored "-Wzero-as-null-pointer-constant"
#endif
#else
#define BPF_ASSAY_PRINTF
#endif

#define BPF_ASSAY_WHY 1024                // bytes of a reason, with its NUL
#define BPF_ASSAY_LOG 4096                // bytes of a log that are sent: the last ones
#define BPF_ASSAY_LINE 65536              // longest line, with its '\n'
#define BPF_ASSAY_MAX_PAYLOAD (64u << 20) // bytes after a line, in both directions

// ---- What an author fills in -------------------------------------------------------------------

// A helper function that programs may call: a role of docs/plugin-protocol.md, and its static id.
struct bpf_assay_helper {
    const char* role;
    uint32_t id;
};

// What `hello` says. All but the first three are set to the protocol's defaults before the call.
struct bpf_assay_info {
    const char* name;    // of the runtime
    const char* version; // of the runtime
    const char* engine;  // "interpreter", "jit", "native"
    int big_endian;      // of programs and data; default: as this machine
    unsigned r0_bits;
    uint64_t max_insns;
    uint64_t max_block;
    int packets;                            // takes programs with the context `packet`
    int stores_pointers;                    // a program may store an address into its memory
    const char* groups;                     // lists: names with spaces between
    const char* excluded;                   // mnemonics
    const char* extensions;                 // x-...
    const struct bpf_assay_helper* helpers; // the last one's role is NULL; NULL: none
    unsigned threads; // that can run the program at the same time; above 1, there is run_many()
    const char* const* facts; // the environment: name, text, name, text, ..., NULL
    const char* cause;        // where info() fails: "setup" (default) or "permission"
    char why[BPF_ASSAY_WHY];  // where info() fails
};

struct bpf_assay_program {
    const uint8_t* image; // in the runtime's byte order, 8-byte aligned
    size_t bytes;         // may be no multiple of 8, and 0
    int packet;           // R1 = the context of packet loads; otherwise R1 = address of the block
    // One-shot only: R2 = memory_bytes at the start, and all 64 bits of R0 are wanted.
    int one_shot;
    size_t memory_bytes;
};

enum bpf_assay_verdict {
    BPF_ASSAY_LOADED,
    BPF_ASSAY_REJECTED,          // the runtime refuses the program
    BPF_ASSAY_UNSUPPORTED,       // it cannot take this kind of program at all
    BPF_ASSAY_UNABLE_MEMORY,     // no verdict
    BPF_ASSAY_UNABLE_PERMISSION, // no verdict
};

// What is known of a program beyond the verdict. All of it optional and zero before the call, but
// `why` is asked for where the program is not loaded. Pointers must hold until the next call.
struct bpf_assay_loaded {
    const char* engine; // what will run this program
    uint64_t machine_code_bytes;
    const char* log;
    const uint8_t* translated; // the program after the runtime's own rewriting
    size_t translated_insns;
    char why[BPF_ASSAY_WHY];
};

// One option of the command line, `--name` or `--name value`.
struct bpf_assay_option {
    const char* name;  // with its dashes; NULL ends the list
    const char* value; // what stands for the value in --help; NULL if the option takes none
    const char* help;
    int (*set)(void* user, const char* value, char* why); // 0, or fills `why`
};

struct bpf_assay_plugin {
    // 0, or the runtime cannot be used: fills `why` and `cause`. Called once, after the options.
    int (*info)(void* user, struct bpf_assay_info* info);
    enum bpf_assay_verdict (*load)(void* user, const struct bpf_assay_program* program,
                                   struct bpf_assay_loaded* loaded);
    // Runs the program on the block (or the packet), in place. The block is 8-byte aligned and an
    // allocation of its own. 0: ended by EXIT, *r0 is set; else a fault: fills `why`.
    int (*run)(void* user, uint8_t* block, size_t size, uint64_t* r0, char* why);
    void* user;
    const struct bpf_assay_option* options; // NULL: none
    // Runs the program `times` times on each of `threads` threads, all at once and all on the one
    // block. 0: every run ended by EXIT, *r0 is the OR of their results; else a fault: fills `why`.
    // bpf_assay_threads.h makes it of a function that runs the program once.
    int (*run_many)(void* user, uint8_t* block, size_t size, unsigned threads, uint64_t times,
                    uint64_t* r0, char* why);
};

// Fills a `why`: bpf_assay_say(why, "no slot %u", n).
BPF_ASSAY_PRINTF
static inline void bpf_assay_say(char* why, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, BPF_ASSAY_WHY, format, arguments);
    va_end(arguments);
}

static inline int bpf_assay_host_is_big_endian(void) {
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 0;
}

static inline int bpf_assay_plugin_main(int argc, char** argv,
                                        const struct bpf_assay_plugin* plugin);

// ---- From here on: how it is done --------------------------------------------------------------

// ---- JSON out: one line in a buffer that cannot overflow ---------------------------------------

struct bpf_assay_line {
    size_t size;
    int overflow;
    char text[BPF_ASSAY_LINE];
};

static inline void bpf_assay_put(struct bpf_assay_line* line, const char* text, size_t size) {
    if (size > sizeof line->text - line->size) {
        line->overflow = 1;
        return;
    }
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static inline void bpf_assay_raw(struct bpf_assay_line* line, const char* text) {
    bpf_assay_put(line, text, strlen(text));
}

// Length of the valid UTF-8 sequence at `at`, 0 if there is none.
static inline size_t bpf_assay_utf8(const char* at, size_t left) {
    const uint8_t first = (uint8_t)at[0];
    size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    size_t i;
    if (first > 0xf4 || size > left)
        return 0;
    for (i = 1; i < size; i++)
        if (((uint8_t)at[i] & 0xc0) != 0x80)
            return 0;
    if (size > 1) { // no overlong form, no surrogate, nothing above U+10FFFF
        const uint8_t second = (uint8_t)at[1];
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
            (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
            return 0;
    }
    return size;
}

// A JSON string. Runtimes say anything: what is no UTF-8 becomes U+FFFD.
static inline void bpf_assay_string(struct bpf_assay_line* line, const char* text, size_t size) {
    size_t at = 0;
    bpf_assay_raw(line, "\"");
    while (at < size) {
        const char c = text[at];
        const size_t valid = bpf_assay_utf8(text + at, size - at);
        if (valid == 0) {
            bpf_assay_raw(line, "\xef\xbf\xbd");
        } else if (c == '"' || c == '\\') {
            bpf_assay_raw(line, c == '"' ? "\\\"" : "\\\\");
        } else if (c == '\n') {
            bpf_assay_raw(line, "\\n");
        } else if ((uint8_t)c < 0x20 || c == 0x7f) {
            char escape[16];
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(uint8_t)c);
            bpf_assay_raw(line, escape);
        } else {
            bpf_assay_put(line, text + at, valid);
        }
        at += valid ? valid : 1;
    }
    bpf_assay_raw(line, "\"");
}

static inline void bpf_assay_number(struct bpf_assay_line* line, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    bpf_assay_raw(line, text);
}

// The comma, where one is due, and the key.
static inline void bpf_assay_key(struct bpf_assay_line* line, const char* key) {
    if (line->size && line->text[line->size - 1] != '{')
        bpf_assay_raw(line, ", ");
    bpf_assay_raw(line, "\"");
    bpf_assay_raw(line, key);
    bpf_assay_raw(line, "\": ");
}

static inline void bpf_assay_key_text(struct bpf_assay_line* line, const char* key,
                                      const char* text) {
    if (!text)
        return;
    bpf_assay_key(line, key);
    bpf_assay_string(line, text, strlen(text));
}

static inline void bpf_assay_key_number(struct bpf_assay_line* line, const char* key,
                                        uint64_t number) {
    bpf_assay_key(line, key);
    bpf_assay_number(line, number);
}

// "a b" as ["a", "b"]
static inline void bpf_assay_key_list(struct bpf_assay_line* line, const char* key,
                                      const char* names) {
    const char* comma = "";
    if (!names)
        return;
    bpf_assay_key(line, key);
    bpf_assay_raw(line, "[");
    while (*(names += strspn(names, " "))) {
        const size_t size = strcspn(names, " ");
        bpf_assay_raw(line, comma);
        bpf_assay_string(line, names, size);
        names += size;
        comma = ", ";
    }
    bpf_assay_raw(line, "]");
}

// Begins an answer: {"name": {
static inline void bpf_assay_begin(struct bpf_assay_line* line, const char* name) {
    line->size = 0;
    line->overflow = 0;
    bpf_assay_raw(line, "{");
    bpf_assay_key(line, name);
    bpf_assay_raw(line, "{");
}

// ---- JSON in: one request ----------------------------------------------------------------------

struct bpf_assay_json {
    const char* at;
    const char* end;
};

struct bpf_assay_request {
    char name[8]; // hello, load, run
    char context[8];
    uint64_t protocol, insns, rows, size, threads, times, bytes;
    int has_protocol, has_insns, has_rows, has_size;
};

static inline int bpf_assay_next(struct bpf_assay_json* json, char wanted) {
    while (json->at < json->end && strchr(" \t\r\n", *json->at) && *json->at)
        json->at++;
    if (json->at == json->end || *json->at != wanted)
        return 0;
    json->at++;
    return 1;
}

// Reads a string into `out`, cut where it does not fit. Escapes stay as they are: no key and no
// value that a request may hold has any.
static inline int bpf_assay_read_string(struct bpf_assay_json* json, char* out, size_t capacity) {
    size_t size = 0;
    if (!bpf_assay_next(json, '"'))
        return 0;
    while (json->at < json->end && *json->at != '"') {
        size_t step = *json->at == '\\' ? 2 : 1;
        if ((uint8_t)*json->at < 0x20 || step > (size_t)(json->end - json->at))
            return 0;
        for (; step; step--, json->at++)
            if (size + 1 < capacity)
                out[size++] = *json->at;
    }
    out[size] = 0;
    return bpf_assay_next(json, '"');
}

static inline int bpf_assay_read_number(struct bpf_assay_json* json, uint64_t* out) {
    const char* begin;
    bpf_assay_next(json, 0); // spaces
    begin = json->at;
    for (*out = 0; json->at < json->end && *json->at >= '0' && *json->at <= '9'; json->at++) {
        const uint64_t digit = (uint64_t)(*json->at - '0');
        if (*out > (UINT64_MAX - digit) / 10)
            return 0;
        *out = *out * 10 + digit;
    }
    return json->at > begin && (json->at == json->end || !strchr(".eE", *json->at));
}

// Passes over any value; deeper than 32 is refused.
static inline int bpf_assay_skip(struct bpf_assay_json* json, int depth) {
    char ignored[2];
    const char* begin;
    const int object = bpf_assay_next(json, '{');
    if (object || bpf_assay_next(json, '[')) {
        const char close = object ? '}' : ']';
        if (depth == 32)
            return 0;
        if (bpf_assay_next(json, close))
            return 1;
        do {
            if (object && !(bpf_assay_read_string(json, ignored, sizeof ignored) &&
                            bpf_assay_next(json, ':')))
                return 0;
            if (!bpf_assay_skip(json, depth + 1))
                return 0;
        } while (bpf_assay_next(json, ','));
        return bpf_assay_next(json, close);
    }
    if (json->at < json->end && *json->at == '"')
        return bpf_assay_read_string(json, ignored, sizeof ignored);
    for (begin = json->at; json->at < json->end && !strchr(" \t\r\n,]}", *json->at);)
        json->at++; // a number, true, false, null
    return json->at > begin;
}

// The object of a request: the keys that are known; all others are passed over.
static inline int bpf_assay_read_body(struct bpf_assay_json* json,
                                      struct bpf_assay_request* request) {
    char key[16];
    if (!bpf_assay_next(json, '{'))
        return 0;
    if (bpf_assay_next(json, '}'))
        return 1;
    do {
        int good;
        if (!bpf_assay_read_string(json, key, sizeof key) || !bpf_assay_next(json, ':'))
            return 0;
        if (!strcmp(key, "protocol"))
            good = request->has_protocol = bpf_assay_read_number(json, &request->protocol);
        else if (!strcmp(key, "insns"))
            good = request->has_insns = bpf_assay_read_number(json, &request->insns);
        else if (!strcmp(key, "rows"))
            good = request->has_rows = bpf_assay_read_number(json, &request->rows);
        else if (!strcmp(key, "size"))
            good = request->has_size = bpf_assay_read_number(json, &request->size);
        else if (!strcmp(key, "threads"))
            good = bpf_assay_read_number(json, &request->threads);
        else if (!strcmp(key, "times"))
            good = bpf_assay_read_number(json, &request->times);
        else if (!strcmp(key, "context"))
            good = bpf_assay_read_string(json, request->context, sizeof request->context);
        else
            good = bpf_assay_skip(json, 0);
        if (!good)
            return 0;
    } while (bpf_assay_next(json, ','));
    return bpf_assay_next(json, '}');
}

// A whole line. Returns NULL, or what is wrong with it.
static inline const char* bpf_assay_read_request(const char* line, size_t size,
                                                 struct bpf_assay_request* request) {
    struct bpf_assay_json json;
    char key[8];
    json.at = line;
    json.end = line + size;
    memset(request, 0, sizeof *request);
    request->threads = request->times = 1;
    if (!bpf_assay_next(&json, '{'))
        return "a request is an object on one line";
    if (!bpf_assay_next(&json, '}')) {
        do {
            int good;
            if (!bpf_assay_read_string(&json, key, sizeof key) || !bpf_assay_next(&json, ':'))
                return "the line is not JSON";
            if (!strcmp(key, "hello") || !strcmp(key, "load") || !strcmp(key, "run")) {
                if (request->name[0])
                    return "the line holds two requests";
                memcpy(request->name, key, sizeof key);
                good = bpf_assay_read_body(&json, request);
            } else if (!strcmp(key, "bytes")) {
                good = bpf_assay_read_number(&json, &request->bytes);
            } else {
                good = bpf_assay_skip(&json, 0);
            }
            if (!good)
                return "the line is not JSON, or a number in it is no whole number";
        } while (bpf_assay_next(&json, ','));
        if (!bpf_assay_next(&json, '}'))
            return "the line is not JSON";
    }
    bpf_assay_next(&json, 0); // spaces
    if (json.at != json.end)
        return "there is something after the object";
    return request->name[0] ? NULL : "neither hello, load nor run";
}

// ---- Streams -----------------------------------------------------------------------------------

struct bpf_assay_session {
    const struct bpf_assay_plugin* plugin;
    struct bpf_assay_info info;
    struct bpf_assay_loaded loaded;
    int in, out;              // file descriptors
    int greeted, unavailable; // hello was answered; info() failed
    int ready, packet;        // a program is loaded; its context
    uint8_t* payload;         // of the request
    size_t payload_capacity;
    uint8_t* answer; // BPF_ASSAY_LINE bytes for the line, then the payload: sent by one write
    size_t answer_capacity;
    uint8_t* block;
    size_t block_size;
    size_t begin, end; // of what is read and not yet used
    char input[BPF_ASSAY_LINE];
    struct bpf_assay_line line;
};

static inline long bpf_assay_read_some(struct bpf_assay_session* session, void* to, size_t size) {
    const size_t part = size < (1u << 30) ? size : 1u << 30;
    for (;;) {
#ifdef _WIN32
        const long got = _read(session->in, to, (unsigned)part);
#else
        const long got = (long)read(session->in, to, part);
#endif
        if (got >= 0 || errno != EINTR)
            return got;
    }
}

// 0 if the reader is gone.
static inline int bpf_assay_write_all(int out, const void* from, size_t size) {
    const char* at = (const char*)from;
    while (size) {
        const size_t part = size < (1u << 30) ? size : 1u << 30;
#ifdef _WIN32
        const long put = _write(out, at, (unsigned)part);
#else
        const long put = (long)write(out, at, part);
#endif
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return 0;
        at += put;
        size -= (size_t)put;
    }
    return 1;
}

// More input behind what is there; 0 at its end.
static inline int bpf_assay_fill(struct bpf_assay_session* session) {
    long got;
    if (session->begin) {
        memmove(session->input, session->input + session->begin, session->end - session->begin);
        session->end -= session->begin;
        session->begin = 0;
    }
    got = bpf_assay_read_some(session, session->input + session->end,
                              sizeof session->input - session->end);
    if (got > 0)
        session->end += (size_t)got;
    return got > 0;
}

static inline int bpf_assay_read_exactly(struct bpf_assay_session* session, uint8_t* to,
                                         size_t size) {
    const size_t here = session->end - session->begin;
    size_t done = size < here ? size : here;
    if (done)
        memcpy(to, session->input + session->begin, done);
    session->begin += done;
    while (done < size) {
        const long got = bpf_assay_read_some(session, to + done, size - done);
        if (got <= 0)
            return 0;
        done += (size_t)got;
    }
    return 1;
}

static inline int bpf_assay_reserve(uint8_t** buffer, size_t* capacity, size_t size) {
    void* larger;
    if (size <= *capacity && *buffer)
        return 1;
    larger = realloc(*buffer, size + 64);
    if (!larger)
        return 0;
    *buffer = (uint8_t*)larger;
    *capacity = size;
    return 1;
}

// Ends the answer and sends it with the first `bytes` of the payload. Nothing is ever held back: if
// the runtime crashes later, the answers before it must have arrived.
static inline int bpf_assay_send(struct bpf_assay_session* session, int has_bytes, size_t bytes) {
    struct bpf_assay_line* line = &session->line;
    uint8_t* begin;
    bpf_assay_raw(line, "}");
    if (has_bytes)
        bpf_assay_key_number(line, "bytes", bytes);
    bpf_assay_raw(line, "}\n");
    if (line->overflow) {
        fputs("the answer is longer than a line may be\n", stderr);
        return 0;
    }
    begin = session->answer + BPF_ASSAY_LINE - line->size;
    memcpy(begin, line->text, line->size);
    return bpf_assay_write_all(session->out, begin, line->size + bytes);
}

// Reserves room for the payload of an answer and returns it.
static inline uint8_t* bpf_assay_answer_payload(struct bpf_assay_session* session, size_t bytes) {
    if (!bpf_assay_reserve(&session->answer, &session->answer_capacity, BPF_ASSAY_LINE + bytes))
        return NULL;
    return session->answer + BPF_ASSAY_LINE;
}

// Answers a request that cannot be read; the caller ends the process.
static inline int bpf_assay_error(struct bpf_assay_session* session, const char* why) {
    bpf_assay_begin(&session->line, "error");
    bpf_assay_key_text(&session->line, "why", why);
    bpf_assay_send(session, 0, 0);
    return 0;
}

static inline void bpf_assay_store(uint8_t* at, uint64_t value, unsigned bytes, int big_endian) {
    unsigned i;
    for (i = 0; i < bytes; i++)
        at[big_endian ? bytes - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

// ---- The three requests ------------------------------------------------------------------------

static inline int bpf_assay_answer_why(struct bpf_assay_session* session, const char* name,
                                       const char* why, const char* cause) {
    bpf_assay_begin(&session->line, name);
    bpf_assay_key_text(&session->line, "why", why);
    bpf_assay_key_text(&session->line, "cause", cause);
    bpf_assay_key_text(&session->line, "log", session->loaded.log);
    return bpf_assay_send(session, 0, 0);
}

static inline void bpf_assay_call_info(struct bpf_assay_session* session) {
    struct bpf_assay_info* info = &session->info;
    memset(info, 0, sizeof *info);
    info->big_endian = bpf_assay_host_is_big_endian();
    info->r0_bits = 64;
    info->max_insns = 1000000;
    info->max_block = 131072;
    info->stores_pointers = 1;
    info->threads = 1;
    info->groups = "base32 base64";
    info->cause = "setup";
    session->unavailable = session->plugin->info(session->plugin->user, info) != 0;
}

static inline int bpf_assay_hello(struct bpf_assay_session* session,
                                  const struct bpf_assay_request* request) {
    struct bpf_assay_line* line = &session->line;
    const struct bpf_assay_info* info = &session->info;
    const struct bpf_assay_helper* helper;
    const char* const* fact;
    if (!request->has_protocol || request->protocol != 1)
        return bpf_assay_error(session, "this plugin speaks protocol 1 only");
    if (!session->greeted)
        bpf_assay_call_info(session);
    session->greeted = 1;
    if (session->unavailable)
        return bpf_assay_answer_why(session, "unavailable", info->why, info->cause);
    bpf_assay_begin(line, "hello");
    bpf_assay_key_number(line, "protocol", 1);
    bpf_assay_key_text(line, "name", info->name);
    bpf_assay_key_text(line, "version", info->version);
    bpf_assay_key_text(line, "engine", info->engine);
    bpf_assay_key_text(line, "byte_order", info->big_endian ? "big" : "little");
    bpf_assay_key_number(line, "r0_bits", info->r0_bits);
    bpf_assay_key_number(line, "max_insns", info->max_insns);
    bpf_assay_key_number(line, "max_block", info->max_block);
    bpf_assay_key_list(line, "contexts", info->packets ? "memory packet" : "memory");
    bpf_assay_key_list(line, "groups", info->groups);
    bpf_assay_key_list(line, "excluded", info->excluded);
    bpf_assay_key_list(line, "extensions", info->extensions);
    bpf_assay_key(line, "helpers");
    bpf_assay_raw(line, "{");
    for (helper = info->helpers; helper && helper->role; helper++)
        bpf_assay_key_number(line, helper->role, helper->id);
    bpf_assay_raw(line, "}");
    bpf_assay_key_number(line, "threads", info->threads);
    bpf_assay_key(line, "stores_pointers");
    bpf_assay_raw(line, info->stores_pointers ? "true" : "false");
    bpf_assay_key(line, "environment");
    bpf_assay_raw(line, "{");
    for (fact = info->facts; fact && fact[0]; fact += 2)
        bpf_assay_key_text(line, fact[0], fact[1]);
    bpf_assay_raw(line, "}");
    return bpf_assay_send(session, 0, 0);
}

static inline enum bpf_assay_verdict bpf_assay_call_load(struct bpf_assay_session* session,
                                                         const struct bpf_assay_program* program) {
    struct bpf_assay_loaded* loaded = &session->loaded;
    enum bpf_assay_verdict verdict = BPF_ASSAY_UNSUPPORTED;
    memset(loaded, 0, sizeof *loaded);
    if (program->packet && !session->info.packets)
        bpf_assay_say(loaded->why, "the context packet is not supported");
    else if (program->bytes / 8 > session->info.max_insns)
        bpf_assay_say(loaded->why, "%lu slots are more than the %lu that are supported",
                      (unsigned long)(program->bytes / 8), (unsigned long)session->info.max_insns);
    else
        verdict = session->plugin->load(session->plugin->user, program, loaded);
    loaded->why[BPF_ASSAY_WHY - 1] = 0;
    if (loaded->log && strlen(loaded->log) > BPF_ASSAY_LOG)
        loaded->log += strlen(loaded->log) - BPF_ASSAY_LOG;
    session->ready = verdict == BPF_ASSAY_LOADED;
    session->packet = program->packet;
    return verdict;
}

static inline int bpf_assay_answer_loaded(struct bpf_assay_session* session) {
    const struct bpf_assay_loaded* loaded = &session->loaded;
    const size_t bytes = loaded->translated ? loaded->translated_insns * 8 : 0;
    uint8_t* payload = bpf_assay_answer_payload(session, bytes);
    if (!payload || bytes > BPF_ASSAY_MAX_PAYLOAD)
        return bpf_assay_error(session, "no memory for the answer");
    if (bytes)
        memcpy(payload, loaded->translated, bytes);
    bpf_assay_begin(&session->line, "loaded");
    bpf_assay_key_text(&session->line, "engine", loaded->engine);
    if (loaded->machine_code_bytes)
        bpf_assay_key_number(&session->line, "machine_code_bytes", loaded->machine_code_bytes);
    if (loaded->translated)
        bpf_assay_key_number(&session->line, "translated", loaded->translated_insns);
    bpf_assay_key_text(&session->line, "log", loaded->log);
    return bpf_assay_send(session, loaded->translated != NULL, bytes);
}

static inline int bpf_assay_load(struct bpf_assay_session* session,
                                 const struct bpf_assay_request* request) {
    struct bpf_assay_program program;
    const char* why = session->loaded.why;
    memset(&program, 0, sizeof program);
    program.image = session->payload;
    program.bytes = (size_t)request->bytes;
    program.packet = !strcmp(request->context, "packet");
    if (!request->has_insns)
        return bpf_assay_error(session, "load: insns is missing");
    if (session->unavailable)
        return bpf_assay_answer_why(session, "unable", session->info.why, "permission");
    if (!program.packet && strcmp(request->context, "memory")) {
        memset(&session->loaded, 0, sizeof session->loaded);
        session->ready = 0;
        return bpf_assay_answer_why(session, "unsupported", "this context is unknown here", NULL);
    }
    switch (bpf_assay_call_load(session, &program)) {
    case BPF_ASSAY_LOADED:
        return bpf_assay_answer_loaded(session);
    case BPF_ASSAY_REJECTED:
        return bpf_assay_answer_why(session, "rejected", why, NULL);
    case BPF_ASSAY_UNSUPPORTED:
        return bpf_assay_answer_why(session, "unsupported", why, NULL);
    case BPF_ASSAY_UNABLE_MEMORY:
        return bpf_assay_answer_why(session, "unable", why, "memory");
    case BPF_ASSAY_UNABLE_PERMISSION:
        break;
    }
    return bpf_assay_answer_why(session, "unable", why, "permission");
}

// Runs one row in a block of exactly its size, so that an instrumented runtime finds what reaches
// past it.
static inline int bpf_assay_run_row(struct bpf_assay_session* session, const uint8_t* before,
                                    size_t size, unsigned threads, uint64_t times, uint8_t* answer,
                                    char* why) {
    const struct bpf_assay_plugin* plugin = session->plugin;
    const int big_endian = session->info.big_endian;
    uint64_t r0 = 0;
    int fault;
    if (!session->block || session->block_size != size) {
        free(session->block);
        session->block = (uint8_t*)malloc(size ? size : 1);
        session->block_size = size;
        if (!session->block) {
            fputs("no memory for the block\n", stderr);
            abort(); // no answer is better than a wrong one
        }
    }
    if (size)
        memcpy(session->block, before, size);
    why[0] = 0;
    fault = threads > 1
                ? plugin->run_many(plugin->user, session->block, size, threads, times, &r0, why)
                : plugin->run(plugin->user, session->block, size, &r0, why);
    why[BPF_ASSAY_WHY - 1] = 0;
    bpf_assay_store(answer, fault != 0, 4, big_endian);
    bpf_assay_store(answer + 4, 0, 4, big_endian);
    bpf_assay_store(answer + 8, fault ? 0 : r0, 8, big_endian);
    if (size)
        memcpy(answer + 16, session->packet ? before : session->block, size);
    return fault;
}

// Appends to `faults`, as long as the line has room for it.
static inline void bpf_assay_add_fault(struct bpf_assay_line* line, uint64_t row, const char* why) {
    if (line->size > BPF_ASSAY_LINE - 6 * BPF_ASSAY_WHY - 256)
        return;
    if (line->text[line->size - 1] != ']') {
        bpf_assay_key(line, "faults");
        bpf_assay_raw(line, "[");
    } else {
        line->size--;
        bpf_assay_raw(line, ", ");
    }
    bpf_assay_raw(line, "{");
    bpf_assay_key_number(line, "row", row);
    bpf_assay_key_text(line, "why", why);
    bpf_assay_raw(line, "}]");
}

static inline int bpf_assay_run(struct bpf_assay_session* session,
                                const struct bpf_assay_request* request) {
    const size_t size = (size_t)request->size;
    const uint64_t room = BPF_ASSAY_MAX_PAYLOAD;
    char why[BPF_ASSAY_WHY];
    uint8_t* answer;
    size_t row, bytes;
    if (!request->has_rows || !request->has_size)
        return bpf_assay_error(session, "run: rows or size is missing");
    if (request->size > session->info.max_block && !session->unavailable)
        return bpf_assay_error(session, "run: size is more than max_block");
    if (request->size > room || request->rows > room / (16 + request->size))
        return bpf_assay_error(session, "run: the answer would be longer than 64 MiB");
    if (request->bytes != request->rows * request->size)
        return bpf_assay_error(session, "run: bytes is not rows times size");
    if (request->threads == 0 || request->times == 0 ||
        (request->threads > session->info.threads && !session->unavailable))
        return bpf_assay_error(session, "run: so many threads are not offered");
    if (request->times > 1000000)
        return bpf_assay_error(session, "run: times is more than 1000000");
    if (request->threads == 1 && request->times > 1)
        return bpf_assay_error(session, "run: times is for more than one thread");
    if (request->threads > 1 && session->ready && session->packet)
        return bpf_assay_error(session, "run: threads share a block, and a packet is none");
    if (!session->ready) {
        bpf_assay_begin(&session->line, "not_loaded");
        return bpf_assay_send(session, 0, 0);
    }
    bytes = (size_t)request->rows * (16 + size);
    answer = bpf_assay_answer_payload(session, bytes);
    if (!answer)
        return bpf_assay_error(session, "no memory for the answer");
    bpf_assay_begin(&session->line, "ran");
    bpf_assay_key_number(&session->line, "rows", request->rows);
    for (row = 0; row < request->rows; row++)
        if (bpf_assay_run_row(session, session->payload + row * size, size,
                              (unsigned)request->threads, request->times,
                              answer + row * (16 + size), why))
            bpf_assay_add_fault(&session->line, row, why);
    return bpf_assay_send(session, 1, bytes);
}

// ---- The persistent protocol -------------------------------------------------------------------

// Handles one request; 0 ends the process.
static inline int bpf_assay_handle(struct bpf_assay_session* session, const char* text,
                                   size_t size) {
    struct bpf_assay_request request;
    const char* wrong = bpf_assay_read_request(text, size, &request);
    if (wrong)
        return bpf_assay_error(session, wrong);
    if (request.bytes > BPF_ASSAY_MAX_PAYLOAD)
        return bpf_assay_error(session, "bytes is more than 64 MiB");
    session->begin += size + 1; // the line and its end
    if (!bpf_assay_reserve(&session->payload, &session->payload_capacity, (size_t)request.bytes))
        return bpf_assay_error(session, "no memory for the request");
    if (!bpf_assay_read_exactly(session, session->payload, (size_t)request.bytes))
        return bpf_assay_error(session, "the input ends within a request");
    if (!strcmp(request.name, "hello"))
        return bpf_assay_hello(session, &request);
    if (!session->greeted)
        return bpf_assay_error(session, "the first request must be hello");
    return strcmp(request.name, "load") ? bpf_assay_run(session, &request)
                                        : bpf_assay_load(session, &request);
}

static inline int bpf_assay_serve(struct bpf_assay_session* session) {
    for (;;) {
        const size_t here = session->end - session->begin;
        const char* text = session->input + session->begin;
        const char* end = (const char*)memchr(text, '\n', here);
        if (end) {
            if (!bpf_assay_handle(session, text, (size_t)(end - text)))
                return 1;
        } else if (here == sizeof session->input) {
            bpf_assay_error(session, "the line is longer than 64 KiB");
            return 1;
        } else if (!bpf_assay_fill(session)) {
            if (session->begin == session->end)
                return 0;
            bpf_assay_error(session, "the input ends within a line");
            return 1;
        }
    }
}

// ---- The one-shot contract ---------------------------------------------------------------------

static inline int bpf_assay_hex_digit(int c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// Bytes as hex, with any spaces between them or none; in place. A digit that stands alone is a
// byte, too. Returns 0 if it is anything else.
static inline int bpf_assay_unhex(uint8_t* text, size_t size, size_t* bytes) {
    size_t at = 0;
    *bytes = 0;
    while (at < size) {
        const int high = bpf_assay_hex_digit(text[at]);
        const int low = at + 1 < size ? bpf_assay_hex_digit(text[at + 1]) : -1;
        const int alone = low < 0 && (at + 1 == size || strchr(" \t\r\n", text[at + 1]));
        const int starts = at == 0 || bpf_assay_hex_digit(text[at - 1]) < 0;
        if (text[at] && strchr(" \t\r\n", text[at])) {
            at++;
            continue;
        }
        if (high < 0 || (low < 0 && !(alone && starts)))
            return 0;
        text[(*bytes)++] = (uint8_t)(low < 0 ? high : high * 16 + low);
        at += low < 0 ? 1 : 2;
    }
    return 1;
}

static inline int bpf_assay_complain(const char* what, const char* why) {
    fprintf(stderr, "%s%s\n", what, why);
    return 1;
}

// Standard input up to its end, behind what was read already.
static inline int bpf_assay_read_all(struct bpf_assay_session* session, size_t* size) {
    *size = session->end;
    if (!bpf_assay_reserve(&session->payload, &session->payload_capacity, BPF_ASSAY_LINE))
        return 0;
    memcpy(session->payload, session->input, session->end);
    for (;;) {
        long got;
        if (*size > BPF_ASSAY_MAX_PAYLOAD ||
            !bpf_assay_reserve(&session->payload, &session->payload_capacity,
                               *size + BPF_ASSAY_LINE))
            return 0;
        got = bpf_assay_read_some(session, session->payload + *size, BPF_ASSAY_LINE);
        if (got <= 0)
            return got == 0;
        *size += (size_t)got;
    }
}

// Prints R0 after the program in session->payload ran once on the memory.
static inline int bpf_assay_run_once(struct bpf_assay_session* session, size_t bytes,
                                     const uint8_t* memory, size_t memory_bytes) {
    struct bpf_assay_program program;
    enum bpf_assay_verdict verdict;
    char why[BPF_ASSAY_WHY] = "";
    char result[24];
    uint8_t* answer;
    uint64_t r0 = 0;
    size_t i;
    memset(&program, 0, sizeof program);
    program.image = session->payload;
    program.bytes = bytes;
    program.one_shot = 1;
    program.memory_bytes = memory_bytes;
    bpf_assay_call_info(session);
    if (session->unavailable)
        return bpf_assay_complain("unavailable: ", session->info.why);
    verdict = bpf_assay_call_load(session, &program);
    if (verdict != BPF_ASSAY_LOADED)
        return bpf_assay_complain(verdict == BPF_ASSAY_REJECTED      ? "rejected: "
                                  : verdict == BPF_ASSAY_UNSUPPORTED ? "unsupported: "
                                                                     : "unable: ",
                                  session->loaded.why);
    answer = bpf_assay_answer_payload(session, 16 + memory_bytes);
    session->info.big_endian = 1; // of this answer, which is read here
    if (!answer)
        return bpf_assay_complain("unable: ", "no memory");
    if (bpf_assay_run_row(session, memory, memory_bytes, 1, 1, answer, why))
        return bpf_assay_complain("fault: ", why);
    for (i = 8; i < 16; i++)
        r0 = r0 << 8 | answer[i];
    snprintf(result, sizeof result, "%llx\n", (unsigned long long)r0);
    return !bpf_assay_write_all(session->out, result, strlen(result));
}

static inline int bpf_assay_one_shot(struct bpf_assay_session* session, char* program,
                                     char* memory) {
    size_t size = 0, bytes = 0, memory_bytes = 0;
    if (program) {
        size = strlen(program);
        if (!bpf_assay_reserve(&session->payload, &session->payload_capacity, size))
            return bpf_assay_complain("unable: ", "no memory");
        memcpy(session->payload, program, size);
    } else if (!bpf_assay_read_all(session, &size)) {
        return bpf_assay_complain("", "the program on standard input cannot be read");
    }
    if (!bpf_assay_unhex(session->payload, size, &bytes))
        return bpf_assay_complain("", "the program is not written in hex");
    if (memory && !bpf_assay_unhex((uint8_t*)memory, strlen(memory), &memory_bytes))
        return bpf_assay_complain("", "the memory is not written in hex");
    return bpf_assay_run_once(session, bytes, (const uint8_t*)memory, memory_bytes);
}

// ---- The command line --------------------------------------------------------------------------

static inline int bpf_assay_usage(const char* name, const struct bpf_assay_plugin* plugin) {
    const struct bpf_assay_option* option;
    printf("usage: %s [hex bytes of memory] [options]\n"
           "Serves bpf-assay if standard input begins with '{'. Otherwise it is a program as hex\n"
           "bytes, which is run once; R0 is printed as hex.\n\n"
           "  --program HEX         the program, instead of standard input\n"
           "  --debug               accepted for other suites' sake, without effect\n",
           name);
    for (option = plugin->options; option && option->name; option++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", option->name, option->value ? option->value : "");
        printf("  %-21s %s\n", left, option->help);
    }
    return fflush(stdout) != 0;
}

struct bpf_assay_arguments {
    char* memory;
    char* program;
    int help;
};

// Hands one option to the plugin. Returns how many arguments it took, 0 after a complaint.
static inline int bpf_assay_set_option(char** argv, const struct bpf_assay_plugin* plugin) {
    const struct bpf_assay_option* option = plugin->options;
    char why[BPF_ASSAY_WHY] = "cannot be set";
    while (option && option->name && strcmp(option->name, argv[0]))
        option++;
    if (!option || !option->name) {
        fprintf(stderr, "%s: unknown option, see --help\n", argv[0]);
        return 0;
    }
    if (option->value && !argv[1]) {
        fprintf(stderr, "%s: %s is missing\n", argv[0], option->value);
        return 0;
    }
    if (option->set(plugin->user, option->value ? argv[1] : NULL, why)) {
        fprintf(stderr, "%s: %s\n", argv[0], why);
        return 0;
    }
    return option->value ? 2 : 1;
}

// The memory comes first if there is any; other suites split options by spaces, so empty ones
// occur.
static inline int bpf_assay_read_arguments(int argc, char** argv,
                                           const struct bpf_assay_plugin* plugin,
                                           struct bpf_assay_arguments* arguments) {
    int i = 1;
    memset(arguments, 0, sizeof *arguments);
    while (i < argc) {
        if (!strcmp(argv[i], "--program") && i + 1 < argc) {
            arguments->program = argv[i + 1];
            i += 2;
        } else if (!strcmp(argv[i], "--help")) {
            arguments->help = 1;
            i++;
        } else if (!strcmp(argv[i], "--debug") || !argv[i][0]) {
            i++;
        } else if (!strcmp(argv[i], "--elf")) {
            return !bpf_assay_complain("--elf: ", "ELF files are not supported, only hex bytes");
        } else if (argv[i][0] == '-') {
            const int took = bpf_assay_set_option(argv + i, plugin);
            if (!took)
                return 0;
            i += took;
        } else if (arguments->memory) {
            return !bpf_assay_complain(argv[i], ": unexpected argument");
        } else {
            arguments->memory = argv[i++];
        }
    }
    return 1;
}

static inline int bpf_assay_open_streams(struct bpf_assay_session* session) {
#ifdef _WIN32
    session->in = 0;
    session->out = _dup(1);
    _setmode(session->in, _O_BINARY);
    _setmode(session->out, _O_BINARY);
    return session->out >= 0 && _dup2(2, 1) >= 0;
#else
    session->in = 0;
    session->out = dup(1);
    return session->out >= 0 && dup2(2, 1) >= 0;
#endif
}

// Returns the exit status of the process.
static inline int bpf_assay_plugin_main(int argc, char** argv,
                                        const struct bpf_assay_plugin* plugin) {
    struct bpf_assay_arguments arguments;
    struct bpf_assay_session* session;
    int status;
    if (!bpf_assay_read_arguments(argc, argv, plugin, &arguments))
        return 1;
    if (arguments.help)
        return bpf_assay_usage(argv[0], plugin);
    session = (struct bpf_assay_session*)calloc(1, sizeof *session);
    if (!session || !bpf_assay_answer_payload(session, 0) || !bpf_assay_open_streams(session))
        return bpf_assay_complain("", "the standard streams cannot be used");
    session->plugin = plugin;
    if (arguments.program)
        status = bpf_assay_one_shot(session, arguments.program, arguments.memory);
    else if (!bpf_assay_fill(session))
        status = bpf_assay_complain("", "nothing on standard input");
    else if (session->input[0] != '{')
        status = bpf_assay_one_shot(session, NULL, arguments.memory);
    else if (arguments.memory)
        status = bpf_assay_complain(arguments.memory, ": memory comes with requests");
    else
        status = bpf_assay_serve(session);
    free(session->payload);
    free(session->answer);
    free(session->block);
    free(session);
    return status;
}

#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif
#endif
