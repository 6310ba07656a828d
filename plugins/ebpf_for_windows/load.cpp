// Loads a program behind a prefix that gives it the block.
#include "runtime.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace windows_bpf {
namespace {

constexpr std::size_t slot_size = sizeof(Insn);
constexpr std::size_t long_program = 2048; // slots that may make more than 32 KiB of machine code
constexpr std::size_t log_size = 1 << 20;
constexpr std::uint8_t lddw = 0x18, stw = 0x62, stxdw = 0x7b, mov_imm = 0xb7, mov_reg = 0xbf,
                       add_imm = 0x07, call = 0x85, jne_imm = 0x55, exit_code = 0x95;
constexpr int map_by_fd = 1;  // source register of lddw: the only one that the DLL resolves
constexpr int local_call = 1; // source register of call

class Writer {
public:
    explicit Writer(std::vector<Insn>& insns) : m_insns(insns) {}
    void put(std::uint8_t code, int dst = 0, int src = 0, int offset = 0, std::int64_t imm = 0) {
        m_insns.push_back({.code = code,
                           .registers = static_cast<std::uint8_t>(dst | src << 4),
                           .offset = static_cast<std::int16_t>(offset),
                           .imm = static_cast<std::int32_t>(imm)});
    }

    // R0 = the address of the map's value. The key is in the stack, where no vector has anything
    // yet.
    void find_value(int map) {
        put(lddw, 1, map_by_fd, 0, map);
        put(0);
        put(stw, 10, 0, -4, 0);
        put(mov_reg, 2, 10);
        put(add_imm, 2, 0, 0, -4);
        put(call, 0, 0, 0, helper_map_lookup_elem);
        put(jne_imm, 0, 0, 2, 0); // the verifier asks for it; an array's value is always found
        put(mov_imm, 0);
        put(exit_code);
    }

private:
    std::vector<Insn>& m_insns;
};

// The one-shot contract wants all of R0 and the length of the memory in R2, and a test run returns
// 32 bits: so the program becomes a function, whose result goes to the map.
void put_one_shot_prefix(Runtime& runtime, std::size_t memory_bytes) {
    runtime.insns.clear();
    Writer writer(runtime.insns);
    writer.find_value(runtime.map);
    writer.put(mov_reg, 1, 0);
    writer.put(mov_imm, 2, 0, 0, static_cast<std::int64_t>(memory_bytes));
    const std::size_t call_at = runtime.insns.size();
    writer.put(call, 0, local_call);
    writer.put(mov_reg, 6, 0);
    writer.find_value(runtime.map);
    writer.put(add_imm, 0, 0, 0, result_at);
    writer.put(stxdw, 0, 6);
    writer.put(mov_imm, 0);
    writer.put(exit_code);
    runtime.insns[call_at].imm = static_cast<std::int32_t>(runtime.insns.size() - call_at - 1);
}

// Where a jump or local call in slot `at` goes; `at` itself for all else.
std::int64_t target_of(const Insn& insn, std::int64_t at) {
    constexpr int jmp = 0x05, jmp32 = 0x06, ja = 0x00;
    const int insn_class = insn.code & 0x07;
    const int operation = insn.code & 0xf0;
    if ((insn_class != jmp && insn_class != jmp32) || operation == (exit_code & 0xf0))
        return at;
    if (operation == (call & 0xf0))
        return insn.registers >> 4 == local_call ? at + 1 + insn.imm : at;
    return at + 1 + (insn_class == jmp32 && operation == ja ? insn.imm : insn.offset);
}

// The verifier judges prefix and program as one: to it a jump to before the program may seem fine.
bool jumps_before_itself(const bpf_assay_program& program) {
    const std::size_t count = program.bytes / slot_size;
    for (std::size_t at = 0; at < count; ++at) {
        Insn insn;
        std::memcpy(&insn, program.image + at * slot_size, slot_size);
        if (target_of(insn, static_cast<std::int64_t>(at)) < 0)
            return true;
        if (insn.code == lddw)
            ++at;
    }
    return false;
}

/// What becomes of a program that does nothing behind the prefix: 0, or an errno, negative. The
/// service, the driver, the provider of the program type and the map are needed for it, too.
int load_a_trivial_program(const Runtime& runtime) {
    Runtime probe = {};
    probe.type = runtime.type;
    probe.api = runtime.api;
    probe.map = runtime.map;
    put_prefix(probe);
    Writer writer(probe.insns);
    writer.put(mov_imm, 0);
    writer.put(exit_code);
    probe.program = submit(probe);
    const int error = std::min(probe.program, 0);
    close_program(probe);
    return error;
}

/// Of an errno without a log, which may or may not be due to the program.
bpf_assay_verdict judge_without_log(Runtime& runtime, int error, bpf_assay_loaded& loaded) {
    if (const int trivial = load_a_trivial_program(runtime)) {
        bpf_assay_say(loaded.why,
                      "bpf_prog_load: %s; then for a trivial program: %s. So it is not this "
                      "program's fault: the service, the driver or the provider of the program "
                      "type is gone (sc.exe query eBPFSvc, sc.exe query ebpfcore)",
                      describe_errno(error), describe_errno(trivial));
        return trivial == -ENOMEM ? BPF_ASSAY_UNABLE_MEMORY : BPF_ASSAY_UNABLE_PERMISSION;
    }
    if (error != -error_other) {
        bpf_assay_say(loaded.why, "bpf_prog_load: %s", describe_errno(error));
        return BPF_ASSAY_REJECTED;
    }
    if (runtime.insns.size() > long_program) {
        bpf_assay_say(loaded.why,
                      "bpf_prog_load: EOTHER, without a reason, for %lu slots: most likely their "
                      "machine code is larger than 32 KiB, which is what the service has room for",
                      static_cast<unsigned long>(runtime.insns.size()));
        return BPF_ASSAY_UNSUPPORTED;
    }
    bpf_assay_say(loaded.why, "bpf_prog_load: EOTHER, without a reason, as after a failure of the "
                              "JIT compiler");
    return BPF_ASSAY_REJECTED;
}

bpf_assay_verdict judge(Runtime& runtime, int error, bpf_assay_loaded& loaded) {
    const bool has_log = !runtime.log.empty() && runtime.log[0] != 0;
    if (has_log) {
        loaded.log = runtime.log.data();
        bpf_assay_say(loaded.why, "%s", reason_in(loaded.log).c_str());
    }
    if (loaded.why[0] == 0)
        bpf_assay_say(loaded.why, "bpf_prog_load: %s", describe_errno(error));
    if (error == -ENOMEM)
        return BPF_ASSAY_UNABLE_MEMORY;
    if (error == -EPERM)
        return BPF_ASSAY_UNABLE_PERMISSION;
    if (has_log) // ENOSPC, too: the log was cut off, whatever else was wrong
        return BPF_ASSAY_REJECTED;
    if (error == -ENOSPC)
        return BPF_ASSAY_UNABLE_MEMORY;
    return judge_without_log(runtime, error, loaded);
}

} // namespace

void put_prefix(Runtime& runtime) {
    runtime.insns.clear();
    Writer writer(runtime.insns);
    writer.find_value(runtime.map);
    writer.put(mov_reg, 1, 0);
}

int submit(Runtime& runtime) {
    runtime.log.resize(log_size);
    runtime.log[0] = 0;
    ProgLoadOpts opts = {};
    opts.sz = sizeof opts;
    opts.log_level = 1;
    opts.log_size = log_size;
    opts.log_buf = runtime.log.data();
    // Named by the plugin: of a program without a name, the DLL makes a digest.
    return runtime.api.prog_load(runtime.type, "bpf_assay", "Dual MIT/GPL", runtime.insns.data(),
                                 runtime.insns.size(), &opts);
}

void close_program(Runtime& runtime) {
    if (runtime.program >= 0)
        runtime.api.close_fd(runtime.program);
    runtime.program = -1;
}

std::string reason_in(const char* log) {
    const std::string text = log;
    std::string first; // line that says anything
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        std::string line = text.substr(begin, end - begin);
        begin = end + 1;
        while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
            line.pop_back();
        const bool is_title = line.empty() || line.front() == ';' || line.back() == ':';
        // "12: Invalid type (r3.type == number)", "12:13: Code is unreachable"
        if (!is_title && line.front() >= '0' && line.front() <= '9' &&
            line.find(": ") != std::string::npos)
            return line;
        if (!is_title && first.empty())
            first = line;
    }
    return first;
}

bpf_assay_verdict load(void* user, const bpf_assay_program* program, bpf_assay_loaded* loaded) {
    Runtime& runtime = *static_cast<Runtime*>(user);
    if (!runtime.objects.empty())
        return load_native(runtime, *program, *loaded);
    close_program(runtime);
    if (program->bytes == 0 || program->bytes % slot_size != 0) {
        bpf_assay_say(loaded->why,
                      "not asked the runtime: bpf_prog_load counts instructions, at least one, so "
                      "that a program of %lu bytes cannot be handed to it",
                      static_cast<unsigned long>(program->bytes));
        return BPF_ASSAY_REJECTED;
    }
    const bool alone = jumps_before_itself(*program);
    runtime.insns.clear();
    if (!alone && program->one_shot)
        put_one_shot_prefix(runtime, program->memory_bytes);
    else if (!alone)
        put_prefix(runtime);
    const std::size_t prefix = runtime.insns.size();
    runtime.insns.resize(prefix + program->bytes / slot_size);
    std::memcpy(runtime.insns.data() + prefix, program->image, program->bytes);
    runtime.program = submit(runtime);
    if (runtime.program < 0)
        return judge(runtime, runtime.program, *loaded);
    if (alone) {
        close_program(runtime);
        bpf_assay_say(loaded->why, "a jump leads to before the program, where the plugin's own "
                                   "instructions must be; without them, the runtime accepts it");
        return BPF_ASSAY_UNSUPPORTED;
    }
    runtime.result_in_map = program->one_shot != 0;
    return BPF_ASSAY_LOADED;
}

} // namespace windows_bpf
