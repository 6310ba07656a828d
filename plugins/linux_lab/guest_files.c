#include "guest_files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 1 << 20 }; // bytes of a chunk

struct passing {
    int terminal, plugin_in, plugin_out;
    const char* folder;
    char* chunk; // for the plugin
    size_t at, size;
    char* answer; // MOST bytes
    unsigned answers;
    char line[64]; // of the terminal
    size_t line_size;
};

static int tell(struct passing* passing, const char* line) {
    const size_t size = strlen(line);
    return write(passing->terminal, line, size) == (ssize_t)size ? 0 : -1;
}

static int take_chunk(struct passing* passing, const char* number) {
    char path[256];
    ssize_t got;
    int file;
    snprintf(path, sizeof path, "%s/in.%s", passing->folder, number);
    file = open(path, O_RDONLY);
    if (file < 0)
        return -1;
    passing->at = passing->size = 0;
    while ((got = read(file, passing->chunk + passing->size, MOST - passing->size)) > 0)
        passing->size += (size_t)got;
    close(file);
    return got < 0 ? -1 : unlink(path);
}

static int take_line(struct passing* passing) {
    if (!strncmp(passing->line, "chunk ", 6))
        return take_chunk(passing, passing->line + 6);
    if (!strcmp(passing->line, "end")) {
        close(passing->plugin_in);
        passing->plugin_in = -1;
        return 0;
    }
    errno = EPROTO;
    return -1;
}

static int read_terminal(struct passing* passing) {
    char c;
    const ssize_t got = read(passing->terminal, &c, 1);
    if (got <= 0)
        return -1;
    if (c != '\n') {
        if (passing->line_size + 1 < sizeof passing->line)
            passing->line[passing->line_size++] = c;
        return 0;
    }
    passing->line[passing->line_size] = 0;
    passing->line_size = 0;
    return take_line(passing);
}

static int feed_plugin(struct passing* passing) {
    const ssize_t put =
        write(passing->plugin_in, passing->chunk + passing->at, passing->size - passing->at);
    if (put < 0 && errno == EPIPE) { // it has ended, or is about to
        passing->at = passing->size;
        return 0;
    }
    if (put < 0)
        return errno == EAGAIN ? 0 : -1;
    passing->at += (size_t)put;
    return passing->at == passing->size ? tell(passing, "taken\n") : 0;
}

// Returns how many bytes there were; 0 at the end; -1 and errno.
static ssize_t pass_answer(struct passing* passing) {
    char path[256], line[32];
    int file, closed;
    ssize_t put, got = read(passing->plugin_out, passing->answer, MOST);
    if (got <= 0)
        return got;
    passing->answers++;
    snprintf(path, sizeof path, "%s/out.%u", passing->folder, passing->answers);
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0)
        return -1;
    put = write(file, passing->answer, (size_t)got);
    closed = fsync(file) | close(file);
    snprintf(line, sizeof line, "chunk %u\n", passing->answers);
    return put == got && closed == 0 && tell(passing, line) == 0 ? got : -1;
}

static int pass_all(struct passing* passing) {
    for (;;) {
        const int is_fed = passing->at == passing->size;
        struct pollfd polled[3] = {
            {is_fed ? passing->terminal : -1, POLLIN, 0},
            {is_fed ? -1 : passing->plugin_in, POLLOUT, 0},
            {passing->plugin_out, POLLIN, 0},
        };
        if (poll(polled, 3, -1) < 0 && errno != EINTR)
            return -1;
        if (polled[0].revents && read_terminal(passing) != 0)
            return -1;
        if (polled[1].revents && feed_plugin(passing) != 0)
            return -1;
        if (polled[2].revents) {
            const ssize_t passed = pass_answer(passing);
            if (passed <= 0)
                return (int)passed;
        }
    }
}

int pass_files(int terminal, const char* folder, int plugin_in, int plugin_out) {
    struct passing passing = {
        .terminal = terminal, .plugin_in = plugin_in, .plugin_out = plugin_out, .folder = folder};
    int status = -1;
    passing.chunk = malloc(MOST);
    passing.answer = malloc(MOST);
    if (passing.chunk && passing.answer && tell(&passing, "ready\n") == 0)
        status = pass_all(&passing);
    free(passing.chunk);
    free(passing.answer);
    return status;
}
