// Runs what is loaded: the block goes to the map, and comes back from it.
#include "runtime.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace windows_bpf {
namespace {

// The contexts that a test run wants, empty but for what it replaces: sample_program_context_t
// (undocked/tests/sample/ext/inc/sample_ext_helpers.h), bind_md_t (include/ebpf_nethooks.h), and
// xdp_md_t (published/external/xdp/ebpfhook.h of xdp-for-windows), all of them smaller than this.
constexpr std::size_t context_size = 64;

// XDP must have a packet; BIND has an application's path there, in 16-bit characters.
constexpr std::size_t data_size = 64;

// What the buffer of a lookup holds before it: a mark is never that.
constexpr std::uint8_t unwritten = 0xa5;
constexpr std::uint64_t never_a_mark = 0xa5a5'a5a5'a5a5'a5a5;

} // namespace

int test_run(const Runtime& runtime, int program, std::uint32_t& r0) {
    std::array<std::uint8_t, context_size> context = {}, context_after = {};
    std::array<std::uint8_t, data_size> data = {}, data_after = {};
    TestRunOpts opts = {};
    opts.sz = sizeof opts;
    opts.data_in = data.data();
    opts.data_size_in = data_size;
    opts.data_out = data_after.data();
    opts.data_size_out = data_size;
    opts.ctx_in = context.data();
    opts.ctx_size_in = context_size;
    opts.ctx_out = context_after.data();
    opts.ctx_size_out = context_size;
    opts.repeat = 1;
    const int error = runtime.api.prog_test_run_opts(program, &opts);
    r0 = opts.retval;
    return error;
}

std::string exchange(Runtime& runtime, std::uint8_t* block, std::size_t size, std::uint32_t& r0,
                     bool& is_fault) {
    const std::uint32_t key = 0;
    is_fault = false;
    const Layout& layout = runtime.layout;
    runtime.value.assign(layout.value_size, 0);
    std::copy_n(block, size, runtime.value.data() + layout.block_at);
    ++runtime.mark;
    std::memcpy(runtime.value.data() + layout.mark_at, &runtime.mark, sizeof runtime.mark);
    if (const int error = runtime.api.map_update_elem(runtime.map, &key, runtime.value.data(), 0))
        return std::string("bpf_map_update_elem: ") + describe_errno(error);
    if (const int error = test_run(runtime, runtime.program, r0)) {
        is_fault = true;
        return std::string("bpf_prog_test_run_opts: ") + describe_errno(error);
    }
    runtime.value.assign(layout.value_size, unwritten);
    if (const int error = runtime.api.map_lookup_elem(runtime.map, &key, runtime.value.data()))
        return std::string("bpf_map_lookup_elem: ") + describe_errno(error);
    std::uint64_t mark = 0;
    std::memcpy(&mark, runtime.value.data() + layout.mark_at, sizeof mark);
    if (mark == never_a_mark)
        return "bpf_map_lookup_elem succeeds, and writes nothing where the value goes";
    if (mark != runtime.mark)
        return "bpf_map_update_elem succeeds, and the value that comes back is not the one that it "
               "was given";
    std::copy_n(runtime.value.data() + layout.block_at, size, block);
    return {};
}

int run(void* user, std::uint8_t* block, std::size_t size, std::uint64_t* r0, char* why) {
    Runtime& runtime = *static_cast<Runtime*>(user);
    if (size > runtime.layout.max_block) {
        bpf_assay_say(why, "a block of %lu bytes; the map's value has room for %lu",
                      static_cast<unsigned long>(size),
                      static_cast<unsigned long>(runtime.layout.max_block));
        return 1;
    }
    std::uint32_t low = 0;
    bool is_fault = false;
    const std::string trouble = exchange(runtime, block, size, low, is_fault);
    if (is_fault) {
        bpf_assay_say(why, "%s", trouble.c_str());
        return 1;
    }
    if (!trouble.empty()) {
        // No program does that. No answer is better than a wrong one: the runner starts the plugin
        // again, and if it is no better then, hello says so.
        std::fprintf(stderr, "%s: the map does not work any more\n", trouble.c_str());
        std::exit(1);
    }
    *r0 = low;
    if (runtime.result_in_map)
        std::memcpy(r0, runtime.value.data() + result_at, sizeof *r0);
    return 0;
}

} // namespace windows_bpf
