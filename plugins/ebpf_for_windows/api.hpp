// What this plugin uses of ebpfapi.dll (x64, C linkage, the default calling convention), found at
// run time: no import library is needed to build it, and a machine without the DLL gets a reason.
// Names and layouts are those of eBPF for Windows 1.x: ebpfapi/Source.def, include/ebpf_structs.h,
// include/ebpf_api.h, include/ebpf_execution_type.h, and bpf.h of the libbpf that it embeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace windows_bpf {

enum MapType { map_type_array = 2 };

/// enum bpf_prog_type, of which these have a test run.
enum ProgramType { program_type_xdp = 1, program_type_bind = 2, program_type_sample = 999 };

enum ExecutionType {
    execution_any,
    execution_jit,
    execution_interpret,
    execution_native,
};

/// Static ids of helper functions; those below 65536 every program type has.
enum HelperId { helper_map_lookup_elem = 1, helper_get_prandom_u32 = 6 };

struct Insn {
    std::uint8_t code;
    std::uint8_t registers; // dst, src << 4
    std::int16_t offset;
    std::int32_t imm;
};
static_assert(sizeof(Insn) == 8);

/// struct bpf_prog_load_opts. The DLL reads log_buf and log_size only, and not `sz`; libbpf has
/// added members behind these since, never before.
struct ProgLoadOpts {
    std::size_t sz;
    int attempts;
    int expected_attach_type;
    std::uint32_t prog_btf_fd;
    std::uint32_t prog_flags;
    std::uint32_t prog_ifindex;
    std::uint32_t kern_version;
    std::uint32_t attach_btf_id;
    std::uint32_t attach_prog_fd;
    std::uint32_t attach_btf_obj_fd;
    const int* fd_array;
    const void* func_info;
    std::uint32_t func_info_cnt;
    std::uint32_t func_info_rec_size;
    const void* line_info;
    std::uint32_t line_info_cnt;
    std::uint32_t line_info_rec_size;
    std::uint32_t log_level;
    std::uint32_t log_size;
    char* log_buf;
    std::uint32_t log_true_size;
    std::uint32_t token_fd;
};
static_assert(offsetof(ProgLoadOpts, fd_array) == 48 && offsetof(ProgLoadOpts, log_buf) == 96);

/// struct bpf_test_run_opts.
struct TestRunOpts {
    std::size_t sz;
    const void* data_in;
    void* data_out;
    std::uint32_t data_size_in;
    std::uint32_t data_size_out;
    const void* ctx_in;
    void* ctx_out;
    std::uint32_t ctx_size_in;
    std::uint32_t ctx_size_out;
    std::uint32_t retval;
    int repeat;
    std::uint32_t duration;
    std::uint32_t flags;
    std::uint32_t cpu;
    std::uint32_t batch_size;
};
static_assert(offsetof(TestRunOpts, retval) == 56 && sizeof(TestRunOpts) == 80);

/// Those of libbpf's types that are only pointed to.
struct ObjectOfDll;
struct ProgramOfObject;
struct MapOfObject;

/// The functions. Those of libbpf return a file descriptor or 0, or an errno of Microsoft's C
/// library, negative (ebpf_result_to_errno in libs/api_common/api_common.hpp).
struct Api {
    int (*map_create)(int type, const char* name, std::uint32_t key_size, std::uint32_t value_size,
                      std::uint32_t max_entries, const void* opts);
    int (*map_update_elem)(int fd, const void* key, const void* value, std::uint64_t flags);
    int (*map_lookup_elem)(int fd, const void* key, void* value);
    int (*prog_load)(int type, const char* name, const char* license, const Insn* insns,
                     std::size_t insn_cnt, const ProgLoadOpts* opts);
    int (*prog_test_run_opts)(int fd, TestRunOpts* opts);
    int (*close_fd)(int fd);
    /// These two may be missing; they only describe.
    int (*program_query_info)(int fd, int* execution_type, const char** file_name,
                              const char** section_name);
    void (*free_string)(const char* string);

    /// For drivers; null if they were not asked for. A null pointer of `object_open` and the find
    /// functions leaves its reason in the DLL's own errno, which get_error returns, negative.
    ObjectOfDll* (*object_open)(const char* path);
    int (*object_load)(ObjectOfDll* object);
    void (*object_close)(ObjectOfDll* object);
    ProgramOfObject* (*object_find_program_by_name)(const ObjectOfDll* object, const char* name);
    int (*program_fd)(const ProgramOfObject* program);
    MapOfObject* (*object_find_map_by_name)(const ObjectOfDll* object, const char* name);
    int (*map_fd)(const MapOfObject* map);
    std::uint32_t (*map_value_size)(const MapOfObject* map);
    long (*get_error)(const void* pointer);

    bool is_stand_in;    // the DLL of this plugin's tests, which is no Windows runtime
    std::string path;    // of the DLL
    std::string version; // of the file; "unknown" if it says none
};

/// Loads the DLL: `file`, or if it is empty ebpfapi.dll as Windows finds it, else in the folder
/// where its installer puts it. Returns why it cannot be used; empty if it can.
std::string open_api(Api& api, const std::string& file, bool for_drivers);

/// EOTHER of Microsoft's C library, which not every errno.h has.
inline constexpr int error_other = 131;

/// An errno as the DLL returns it, negative or not: its name and what it means.
const char* describe_errno(int error);

} // namespace windows_bpf
