// A stand-in for ebpfapi.dll, for the tests of the plugin only: its exports, with the calling
// convention, limits and error codes of eBPF for Windows, on the reference VM. It says that it is
// one (bpf_assay_stand_in), and the plugin passes that on. The environment variable STAND_IN_FAULT
// makes it fail:
//
//   map-denied      bpf_map_create returns -EPERM, as for one who is no administrator
//   no-driver       bpf_map_create returns -ENOENT, as without the driver
//   native-only     bpf_prog_load returns -ENOTSUP, as a build without a JIT compiler
//   no-type         bpf_prog_load returns -EINVAL, as for a program type that nothing provides
//   type-gone       the same from the third program on, as if its provider had ended
//   load            every program but the smallest is refused without a log, as by the JIT compiler
//   load-memory     the second program is out of memory, once
//   service-gone    bpf_prog_load returns -EOTHER from the third program on
//   test-run        test runs fail from the third on
//   crash           the third test run writes through a null pointer
//   lost-update     an update of a map succeeds and does nothing
//   empty-lookup    a lookup in a map succeeds and writes nothing
//   ...-later       the same two from the fifth time on
//   garbled         what is looked up in a map has a wrong bit from the second time on
//   unsigned        bpf_object__load returns -EOTHER, as for a driver without a signature
//   unsigned-later  the same from the second driver on
//   no-map          a driver has no map
#include "tests/stand_in.hpp"

#include "api.hpp"

#include "reference_vm/execution.hpp"
#include "reference_vm/machine.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>

namespace {

using namespace bpf_assay;
using stand_in::fail;
using stand_in::has_fault;
using windows_bpf::Insn;
using windows_bpf::ProgLoadOpts;
using windows_bpf::TestRunOpts;

constexpr u64 map_address = 0x0000'0050'0000'0000; // of map objects, where nothing can be read
constexpr std::size_t longest_message = 65535;     // to the driver and back
constexpr std::size_t update_overhead = 20;
constexpr std::size_t most_uncounted = 12; // slots of a program that the fault `load` lets pass
constexpr unsigned well_at_first = 4;      // updates and lookups, with the faults `...-later`

struct Map {
    u32 key_size, entries;
    std::vector<u8> value;
};

struct LoadedProgram {
    bpf_assay::Program program;
    int type;
    int map; // file descriptor, -1: it uses none
    bool is_native = false;
};

struct Object {
    std::unique_ptr<Map> map;
    std::unique_ptr<LoadedProgram> program;
};

std::map<int, Object> objects;
int next_fd = 3;
unsigned loads, test_runs, updates, lookups;

int add(Object object) {
    objects.emplace(next_fd, std::move(object));
    return next_fd++;
}

Map* find_map(int fd) {
    const auto found = objects.find(fd);
    return found != objects.end() ? found->second.map.get() : nullptr;
}

int refuse(const ProgLoadOpts* opts, u32 pc, std::string_view reason) {
    if (opts != nullptr && opts->log_buf != nullptr) {
        const int size = std::snprintf(opts->log_buf, opts->log_size, "\n%u: %.*s\n\n1 errors\n\n",
                                       pc, static_cast<int>(reason.size()), reason.data());
        if (size >= static_cast<int>(opts->log_size))
            return fail(ENOSPC);
    }
    return fail(EACCES);
}

/// Puts the addresses of maps where their file descriptors are; -1 or which map it was. Any
/// failure is an errno, negative and below -1.
int resolve_maps(std::span<Insn> insns) {
    int map = -1;
    for (std::size_t at = 0; at < insns.size(); ++at) {
        if (insns[at].code != 0x18)
            continue;
        if (at + 1 == insns.size())
            return -EINVAL;
        Insn& insn = insns[at++];
        if (insn.registers >> 4 != 1)
            continue;
        if (find_map(insn.imm) == nullptr)
            return -EBADF;
        if (map >= 0 && map != insn.imm)
            return -ENOTSUP; // the VM has room for one; the real DLL takes many
        map = insn.imm;
        const u64 address = map_address + static_cast<u32>(map);
        insn.registers = static_cast<u8>(insn.registers & 0x0f);
        insn.imm = static_cast<s32>(static_cast<u32>(address));
        insns[at].imm = static_cast<s32>(address >> 32);
    }
    return map;
}

struct RunningProgram {
    const LoadedProgram* program;
    State state;
};

u64 map_lookup_elem(void* context, const std::array<u64, 5>& arguments) {
    RunningProgram& running = *static_cast<RunningProgram*>(context);
    const Map* map = find_map(running.program->map);
    if (map == nullptr || arguments[0] != map_address + static_cast<u32>(running.program->map))
        return 0;
    u32 key = 0;
    const u8* bytes = bytes_within(running.state.stack, stack_address, arguments[1], sizeof key);
    if (bytes == nullptr)
        return 0;
    std::memcpy(&key, bytes, sizeof key);
    return key < map->entries ? memory_address + key * map->value.size() / map->entries : 0;
}

u64 get_prandom_u32(void*, const std::array<u64, 5>&) {
    static u32 number = 0x9e3779b9;
    return number = number * 1664525 + 1013904223;
}

constexpr std::array helpers{
    Helper{windows_bpf::helper_map_lookup_elem, map_lookup_elem},
    Helper{windows_bpf::helper_get_prandom_u32, get_prandom_u32},
};

bool calls_only_known_helpers(std::span<const Insn> insns) {
    for (std::size_t at = 0; at < insns.size(); ++at) {
        const Insn& insn = insns[at];
        if (insn.code == 0x85 && insn.registers >> 4 == 0 &&
            std::ranges::find(helpers, static_cast<u32>(insn.imm), &Helper::id) == helpers.end())
            return false;
        if (insn.code == 0x18)
            ++at;
    }
    return true;
}

/// What each program type wants of a test run: 0, or its errno.
int check_context(int type, const TestRunOpts& opts) {
    constexpr std::size_t sample_context = 32, bind_context = 56;
    const bool has_context = opts.ctx_in != nullptr;
    if (opts.ctx_size_out < opts.ctx_size_in)
        return EINVAL;
    if (opts.ctx_size_in + opts.data_size_in > longest_message - update_overhead)
        return EINVAL;
    if (type == windows_bpf::program_type_sample)
        return has_context && opts.ctx_size_in >= sample_context ? 0 : EINVAL;
    if (type == windows_bpf::program_type_bind)
        return has_context && opts.ctx_size_in >= bind_context && opts.data_size_in % 2 == 0
                   ? 0
                   : EINVAL;
    return opts.data_in != nullptr && opts.data_size_in > 0 ? 0 : EINVAL;
}

} // namespace

namespace stand_in {

bool has_fault(const char* name) {
    const char* fault = std::getenv("STAND_IN_FAULT");
    return fault != nullptr && std::strcmp(fault, name) == 0;
}

int fail(int error) {
    errno = error;
    return -error;
}

int add_driver_program(std::vector<u8> code, int map) {
    std::vector<Insn> insns(code.size() / sizeof(Insn));
    std::memcpy(insns.data(), code.data(), insns.size() * sizeof(Insn));
    for (std::size_t at = 0; at < insns.size(); ++at)
        if (insns[at].code == 0x18 && insns[at++].registers >> 4 == 1)
            insns[at - 1].imm = map;
    if (resolve_maps(insns) != map)
        return -EINVAL;
    auto result = bpf_assay::Program::load(
        std::span(reinterpret_cast<const u8*>(insns.data()), insns.size() * sizeof(Insn)), {});
    if (std::holds_alternative<Refused>(result))
        return -EINVAL;
    return add({.map = nullptr,
                .program = std::make_unique<LoadedProgram>(
                    LoadedProgram{std::move(std::get<bpf_assay::Program>(result)),
                                  windows_bpf::program_type_sample, map, true})});
}

} // namespace stand_in

extern "C" {

int bpf_assay_stand_in(void) {
    return 1;
}

int bpf_map_create(int type, const char*, u32 key_size, u32 size, u32 entries, const void*) {
    if (has_fault("map-denied"))
        return fail(EPERM);
    if (has_fault("no-driver"))
        return fail(ENOENT);
    if (type != windows_bpf::map_type_array || key_size != sizeof(u32) || size == 0 || entries == 0)
        return fail(EINVAL);
    auto map = std::make_unique<Map>();
    map->key_size = key_size;
    map->entries = entries;
    map->value.resize(std::size_t{size} * entries);
    return add({.map = std::move(map), .program = nullptr});
}

int bpf_map_update_elem(int fd, const void* key, const void* value, u64 flags) {
    Map* map = find_map(fd);
    if (map == nullptr)
        return fail(EBADF);
    const std::size_t size = map->value.size() / map->entries;
    u32 index = 0;
    std::memcpy(&index, key, sizeof index);
    if (flags > 2 || index >= map->entries)
        return fail(EINVAL);
    if (update_overhead + map->key_size + size > longest_message)
        return fail(windows_bpf::error_other); // EBPF_ARITHMETIC_OVERFLOW
    if (has_fault("lost-update") || (++updates > well_at_first && has_fault("lost-update-later")))
        return 0;
    std::memcpy(map->value.data() + index * size, value, size);
    return 0;
}

int bpf_map_lookup_elem(int fd, const void* key, void* value) {
    const Map* map = find_map(fd);
    if (map == nullptr)
        return fail(EBADF);
    const std::size_t size = map->value.size() / map->entries;
    u32 index = 0;
    std::memcpy(&index, key, sizeof index);
    if (index >= map->entries)
        return fail(ENOENT);
    ++lookups;
    if (has_fault("empty-lookup") || (lookups > well_at_first && has_fault("empty-lookup-later")))
        return 0;
    std::memcpy(value, map->value.data() + index * size, size);
    if (lookups > 1 && has_fault("garbled"))
        static_cast<u8*>(value)[80] ^= 4;
    return 0;
}

int bpf_prog_load(int type, const char*, const char*, const Insn* insns, std::size_t count,
                  const ProgLoadOpts* opts) {
    ++loads;
    if (insns == nullptr || count == 0)
        return fail(EINVAL);
    if (has_fault("native-only"))
        return fail(ENOTSUP);
    if (has_fault("no-type"))
        return fail(EINVAL);
    if (has_fault("type-gone") && loads > 2)
        return fail(EINVAL);
    if (has_fault("service-gone") && loads > 2)
        return fail(windows_bpf::error_other);
    if (has_fault("load-memory") && loads == 2)
        return fail(ENOMEM);
    if (has_fault("load") && loads > 1 && count > most_uncounted)
        return fail(windows_bpf::error_other);
    if (type != windows_bpf::program_type_sample && type != windows_bpf::program_type_bind &&
        type != windows_bpf::program_type_xdp)
        return fail(EINVAL);
    if (opts != nullptr && (opts->log_buf != nullptr) != (opts->log_size > 0))
        return fail(EINVAL);
    if (opts != nullptr && opts->log_buf != nullptr)
        opts->log_buf[0] = 0;
    std::vector<Insn> copy(insns, insns + count);
    const int map = resolve_maps(copy);
    if (map < -1)
        return fail(-map);
    if (!calls_only_known_helpers(copy)) // the driver is asked for them before the verifier
        return fail(EINVAL);
    auto result = bpf_assay::Program::load(
        std::span(reinterpret_cast<const u8*>(copy.data()), count * sizeof(Insn)), {});
    if (const auto* refused = std::get_if<Refused>(&result))
        return refuse(opts, refused->pc, describe(refused->reason));
    return add({.map = nullptr,
                .program = std::make_unique<LoadedProgram>(
                    LoadedProgram{std::move(std::get<bpf_assay::Program>(result)), type, map})});
}

int bpf_prog_test_run_opts(int fd, TestRunOpts* opts) {
    ++test_runs;
    const auto found = objects.find(fd);
    if (found == objects.end() || !found->second.program)
        return fail(EBADF);
    if (const int error = check_context(found->second.program->type, *opts))
        return fail(error);
    if (has_fault("test-run") && test_runs > 2)
        return fail(EINVAL);
    if (has_fault("crash") && test_runs == 3)
        *static_cast<volatile int*>(nullptr) = 1;
    RunningProgram running{.program = found->second.program.get(), .state = {}};
    Map* map = find_map(running.program->map);
    if (map != nullptr)
        running.state.memory = map->value;
    set_up_entry(running.state);
    running.state.registers[1] = context_address;
    RunOptions options;
    options.platform.context = &running;
    options.platform.helpers = helpers;
    const Outcome outcome = run(running.program->program, running.state, options);
    const auto* returned = std::get_if<Returned>(&outcome);
    if (returned == nullptr)
        return fail(windows_bpf::error_other);
    opts->retval = static_cast<u32>(returned->r0);
    opts->data_size_out = 0;
    opts->duration = 0;
    return 0;
}

int ebpf_close_fd(int fd) {
    return objects.erase(fd) == 1 ? 0 : 4; // EBPF_INVALID_FD
}

int ebpf_program_query_info(int fd, int* execution_type, const char** file, const char** section) {
    if (!objects.contains(fd) || !objects[fd].program)
        return 4;
    *execution_type = objects[fd].program->is_native ? windows_bpf::execution_native
                                                     : windows_bpf::execution_interpret;
    *file = *section = nullptr;
    return 0;
}

void ebpf_free_string(const char*) {}
}
