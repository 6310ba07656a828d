// The channel of User-Mode Linux, whose terminals pass a byte per system call: the bytes of the
// protocol go in files of a folder that host and guest share, and a terminal only names them.
//
//   host to guest   "chunk N": in.N is there; "end": no more will come
//   guest to host   "chunk N": out.N is there; "taken": the last in.N was read, send another;
//                   "ready", first of all: what comes before it meets a terminal that echoes
#ifndef BPF_ASSAY_LAB_GUEST_FILES_H
#define BPF_ASSAY_LAB_GUEST_FILES_H

// Passes bytes on between the folder and the plugin's standard streams, until the plugin closes its
// output. 0, or -1 and errno.
int pass_files(int terminal, const char* folder, int plugin_in, int plugin_out);

#endif
