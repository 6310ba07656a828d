// /init of a guest: makes the kernel ready, joins the plugin to the host's channel, and ends the
// guest when the plugin ends. It talks to the host on the console, in lines that begin with
// MARK; the protocol has a device of its own, so that no kernel message can get into it.
//
// The kernel's command line says what to do; words with a dot are for /init:
//   assay.channel=virtio            where the protocol goes: the virtio port, or
//   assay.channel=FOLDER            a folder of the host, with /dev/tty1 (guest_files.h)
//   assay.jit=N, assay.harden=N     for /proc/sys/net/core/bpf_jit_{enable,harden}
//   assay.options=WORD,WORD...      of the plugin's command line
#define _GNU_SOURCE // finit_module has no name in the C library
#include "guest_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MARK "bpf-assay: "
#define PORT "bpf-assay" // the name that the host gave the virtio port

enum { MAX_WORDS = 32, CHANNEL_TRIES = 400, PAUSE_NANOSECONDS = 10000000, PIPE_BYTES = 1 << 20 };

static char command_line[4096];

static void say(const char* format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char* format, ...) {
    char line[512] = MARK;
    const size_t mark = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + mark, sizeof line - mark - 1, format, arguments);
    va_end(arguments);
    strcat(line, "\n");
    (void)!write(STDERR_FILENO, line, strlen(line));
}

// Ends the guest: QEMU exits at a reboot, as it was told to, User-Mode Linux at power off.
static void end(void) __attribute__((noreturn));
static void end(void) {
    sync();
    tcdrain(STDERR_FILENO);
    reboot(strstr(command_line, "assay.channel=virtio") ? RB_AUTOBOOT : RB_POWER_OFF);
    for (;;)
        pause();
}

static void fail(const char* what) __attribute__((noreturn));
static void fail(const char* what) {
    say("cannot start: %s: %s", what, strerror(errno));
    end();
}

static void mount_at(const char* type, const char* folder) {
    mkdir(folder, 0755);
    if (mount(type, folder, type, 0, NULL) != 0 && errno != EBUSY)
        fail(folder);
}

static void read_command_line(void) {
    FILE* file = fopen("/proc/cmdline", "r");
    if (!file || !fgets(command_line, sizeof command_line, file))
        fail("/proc/cmdline");
    fclose(file);
    command_line[strcspn(command_line, "\n")] = 0;
}

// The value of the word "key=value", in a copy that stays; NULL if there is none.
static char* value_of(const char* key) {
    char* copy = strdup(command_line);
    const size_t size = strlen(key);
    char* word;
    for (word = copy ? strtok(copy, " ") : NULL; word; word = strtok(NULL, " "))
        if (!strncmp(word, key, size) && word[size] == '=')
            return word + size + 1;
    return NULL;
}

static void set_control(const char* path, const char* key) {
    const char* value = value_of(key);
    FILE* file;
    if (!value)
        return;
    file = fopen(path, "w");
    if (!file) { // a kernel without a JIT compiler has no such file, and the plugin says so
        say("%s: %s", path, strerror(errno));
        return;
    }
    if (fprintf(file, "%s", value) < 0 || fclose(file) != 0)
        say("%s: cannot be set to %s: %s", path, value, strerror(errno));
}

// Modules in the order of their names.
static void load_modules(void) {
    struct dirent** entries;
    int i, count = scandir("/modules", &entries, NULL, alphasort);
    for (i = 0; i < count; i++) {
        char path[512];
        int module;
        if (entries[i]->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/modules/%s", entries[i]->d_name);
        module = open(path, O_RDONLY | O_CLOEXEC);
        if (module < 0 || syscall(SYS_finit_module, module, "", 0) != 0)
            say("%s: %s", path, strerror(errno));
        close(module);
    }
}

// The virtio port with the name PORT: its path in /dev. 0 if it is not there (yet).
static int find_port(char* path, size_t capacity) {
    DIR* ports = opendir("/sys/class/virtio-ports");
    struct dirent* port;
    int found = 0;
    while (ports && !found && (port = readdir(ports))) {
        char name[512], text[64] = "";
        FILE* file;
        snprintf(name, sizeof name, "/sys/class/virtio-ports/%s/name", port->d_name);
        file = fopen(name, "r");
        if (file && fgets(text, sizeof text, file) && !strcmp(text, PORT "\n"))
            found = snprintf(path, capacity, "/dev/%s", port->d_name) < (int)capacity;
        if (file)
            fclose(file);
    }
    if (ports)
        closedir(ports);
    return found;
}

static int open_virtio(void) {
    const struct timespec moment = {0, PAUSE_NANOSECONDS};
    char path[512];
    int tries;
    for (tries = 0; tries < CHANNEL_TRIES; tries++, nanosleep(&moment, NULL)) {
        int port = find_port(path, sizeof path) ? open(path, O_RDWR) : -1;
        if (port >= 0)
            return port;
    }
    return -1;
}

// A terminal that passes every byte as it is.
static int open_terminal(const char* path) {
    struct termios raw;
    int terminal = open(path, O_RDWR | O_NOCTTY);
    if (terminal < 0 || tcgetattr(terminal, &raw) != 0)
        return -1;
    cfmakeraw(&raw);
    return tcsetattr(terminal, TCSANOW, &raw) == 0 ? terminal : -1;
}

// Standard input and output of the plugin, and this side of them; the virtio port is both sides.
struct streams {
    int plugin_in, plugin_out;
    int to_plugin, from_plugin, terminal; // -1: not needed
};

static struct streams open_streams(void) {
    struct streams streams = {-1, -1, -1, -1, -1};
    const char* where = value_of("assay.channel");
    int in[2], out[2];
    if (!where || !strcmp(where, "virtio")) {
        streams.plugin_in = streams.plugin_out = open_virtio();
        if (streams.plugin_in < 0)
            fail("the channel to the host");
        return streams;
    }
    mkdir("/channel", 0755);
    if (mount("none", "/channel", "hostfs", 0, where) != 0)
        fail(where);
    streams.terminal = open_terminal("/dev/tty1");
    if (streams.terminal < 0)
        fail("/dev/tty1");
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        fail("pipe");
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    fcntl(in[1], F_SETPIPE_SZ, PIPE_BYTES);
    fcntl(out[1], F_SETPIPE_SZ, PIPE_BYTES);
    streams.plugin_in = in[0];
    streams.to_plugin = in[1];
    streams.plugin_out = out[1];
    streams.from_plugin = out[0];
    return streams;
}

static void run_plugin(struct streams streams) {
    char* words[MAX_WORDS + 2] = {"/linux_kernel"};
    char* options = value_of("assay.options");
    int status = 0, count = 1;
    const pid_t plugin = fork();
    if (plugin < 0)
        fail("fork");
    if (plugin == 0) {
        for (options = options ? strtok(options, ",") : NULL; options && count <= MAX_WORDS;
             options = strtok(NULL, ","))
            words[count++] = options;
        dup2(streams.plugin_in, STDIN_FILENO);
        dup2(streams.plugin_out, STDOUT_FILENO);
        execv(words[0], words);
        say("cannot start: %s: %s", words[0], strerror(errno));
        _exit(127);
    }
    close(streams.plugin_in);
    if (streams.plugin_out != streams.plugin_in)
        close(streams.plugin_out);
    say("the plugin starts");
    if (streams.terminal >= 0) {
        signal(SIGPIPE, SIG_IGN);
        if (pass_files(streams.terminal, "/channel", streams.to_plugin, streams.from_plugin) != 0)
            say("the channel is broken: %s", strerror(errno));
    }
    while (waitpid(-1, &status, 0) != plugin)
        ;
    if (WIFSIGNALED(status))
        say("the plugin ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        say("the plugin ended with exit status %d", WEXITSTATUS(status));
}

int main(void) {
    mount_at("proc", "/proc");
    mount_at("sysfs", "/sys");
    mount_at("devtmpfs", "/dev");
    read_command_line();
    load_modules();
    set_control("/proc/sys/net/core/bpf_jit_enable", "assay.jit");
    set_control("/proc/sys/net/core/bpf_jit_harden", "assay.harden");
    run_plugin(open_streams());
    end();
}
