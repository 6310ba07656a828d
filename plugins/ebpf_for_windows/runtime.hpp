// eBPF for Windows as a runtime: one map that holds the block, one program at a time.
#pragma once

#include "api.hpp"
#include "objects.hpp"

#include "bpf_assay_plugin.h"

#include <string>
#include <vector>

namespace windows_bpf {

/// Every request to the driver has its length in 16 bits (libs/execution_context/ebpf_protocol.h).
/// That of an update has 20 bytes in front of key and value.
inline constexpr std::size_t value_size = 65504;
static_assert(20 + 4 + value_size <= 65535);

/// The map's value: the block, then R0 of a one-shot program, then a number that is another one in
/// each row, by which an update or a lookup that did nothing is seen.
inline constexpr std::size_t max_block = value_size - 16;
inline constexpr std::size_t result_at = max_block;
inline constexpr std::size_t mark_at = result_at + 8;

/// uBPF takes 65,536 slots (UBPF_MAX_INSTS); some of them are this plugin's.
inline constexpr std::size_t max_insns = 65536 - 32;

/// Where things are in the value of the map in use.
struct Layout {
    std::size_t value_size = windows_bpf::value_size;
    std::size_t block_at = 0;
    std::size_t max_block = windows_bpf::max_block;
    std::size_t mark_at = windows_bpf::mark_at;
};

struct Runtime {
    // From the command line.
    int type = program_type_sample;
    std::string dll;     // empty: ebpfapi.dll
    std::string objects; // a folder: the engine `native`; empty: byte code

    Api api = {};
    int map = -1;
    int program = -1;
    Layout layout;
    ExportedFolder folder;
    ObjectOfDll* object = nullptr; // loaded, and which one of the folder's
    std::size_t open_object = 0;
    bool result_in_map = false;      // all of R0 is behind the block (one-shot)
    std::vector<std::uint8_t> value; // of the map
    std::uint64_t mark = 0;          // of the last row
    std::vector<Insn> insns;         // of the last load, with the prefix
    std::vector<char> log;           // of the verifier
    std::string execution_type;      // what the runtime says of a program that it has loaded
    std::vector<std::string> facts;
    std::vector<const char*> fact_pointers;
};

/// info() of the plugin: finds the DLL, makes the map, proves that programs load and run.
int open_runtime(void* user, bpf_assay_info* info);

/// load() of the plugin.
bpf_assay_verdict load(void* user, const bpf_assay_program* program, bpf_assay_loaded* loaded);

/// One row: `block` to the map, a test run of `program`, and back. Returns what went wrong, empty
/// if nothing did; `is_fault`: it was the test run, for which the program may be to blame.
std::string exchange(Runtime& runtime, std::uint8_t* block, std::size_t size, std::uint32_t& r0,
                     bool& is_fault);

/// run() of the plugin.
int run(void* user, std::uint8_t* block, std::size_t size, std::uint64_t* r0, char* why);

/// The engine `native`: info() and load() of programs that are drivers already.
int open_native(Runtime& runtime, bpf_assay_info& info);
bpf_assay_verdict load_native(Runtime& runtime, const bpf_assay_program& program,
                              bpf_assay_loaded& loaded);

/// Loads what is in `insns`, without a prefix. A file descriptor, or an errno, negative.
int submit(Runtime& runtime);

/// The slots that give a program the address of the map's value in R1.
void put_prefix(Runtime& runtime);

/// One test run of `program`: 0, or an errno, negative.
int test_run(const Runtime& runtime, int program, std::uint32_t& r0);

void close_program(Runtime& runtime);

/// The sentence of PREVAIL's log that matters; empty if it has none.
std::string reason_in(const char* log);

/// Fills execution_type with what the runtime says of `program`.
void ask_how_it_runs(Runtime& runtime);

/// Fills facts: what runs here, so that nobody takes Wine or a stand-in for Windows.
void describe_system(Runtime& runtime);

} // namespace windows_bpf
