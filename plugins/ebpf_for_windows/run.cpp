// Runs what is loaded: the block goes to the map, and comes back from it.
#include "runtime.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace windows_bpf {
namespace {

// The contexts that a test run wants, empty but for what it replaces: sample_program_context_t
// (undocked/tests/sample/ext/inc/sample_ext_helpers.h), bind_md_t (include/ebpf_nethooks.h), and
// xdp_md_t (published/external/xdp/ebpfhook.h of xdp-for-windows), all of them smaller than this.
constexpr std::size_t context_size = 64;

// XDP must have a packet; BIND has an application's path there, in 16-bit characters.
constexpr std::size_t data_size = 64;

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

int run(void* user, std::uint8_t* block, std::size_t size, std::uint64_t* r0, char* why) {
    Runtime& runtime = *static_cast<Runtime*>(user);
    const std::uint32_t key = 0;
    if (size > max_block) {
        bpf_assay_say(why, "a block of %lu bytes; the map's value has room for %lu",
                      static_cast<unsigned long>(size), static_cast<unsigned long>(max_block));
        return 1;
    }
    runtime.value.assign(value_size, 0);
    std::copy_n(block, size, runtime.value.begin());
    if (const int error = runtime.api.map_update_elem(runtime.map, &key, runtime.value.data(), 0)) {
        bpf_assay_say(why, "bpf_map_update_elem: %s", describe_errno(error));
        return 1;
    }
    std::uint32_t low = 0;
    if (const int error = test_run(runtime, runtime.program, low)) {
        bpf_assay_say(why, "bpf_prog_test_run_opts: %s", describe_errno(error));
        return 1;
    }
    if (const int error = runtime.api.map_lookup_elem(runtime.map, &key, runtime.value.data())) {
        bpf_assay_say(why, "bpf_map_lookup_elem: %s", describe_errno(error));
        return 1;
    }
    std::copy_n(runtime.value.begin(), size, block);
    *r0 = low;
    if (runtime.result_in_map)
        std::memcpy(r0, runtime.value.data() + result_at, sizeof *r0);
    return 0;
}

} // namespace windows_bpf
