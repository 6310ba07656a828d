// The reference VM as a plugin.
#include "bpf_assay_plugin.h"
#include "reference_vm/helpers.hpp"
#include "reference_vm/machine.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>

namespace {

using namespace bpf_assay;

struct Runtime {
    LoadOptions load_options;
    RunOptions run_options;
    std::optional<Program> program;
    std::string extensions; // that are switched on, separated by spaces
    bool packet = false;
    u64 r2 = 0; // the length of the memory (one-shot)
};

constexpr std::array helpers{Helper{7, helper_mix}, Helper{70, helper_copy},
                             Helper{700, helper_unstated}};
constexpr bpf_assay_helper helper_ids[] = {
    {"mix", helpers[0].id},
    {"copy", helpers[1].id},
    {"unstated", helpers[2].id},
    {nullptr, 0},
};

Runtime& runtime_of(void* user) {
    return *static_cast<Runtime*>(user);
}

int info(void* user, bpf_assay_info* info) {
    static std::string limit;
    static const char* facts[] = {"profile", nullptr, "instruction_limit", nullptr, nullptr};
    const Runtime& runtime = runtime_of(user);
    limit = std::to_string(runtime.run_options.instruction_limit);
    facts[1] = runtime.load_options.profile == Profile::strict ? "strict" : "base";
    facts[3] = limit.c_str();
    info->name = "reference_vm";
    info->version = BPF_ASSAY_VERSION;
    info->engine = "interpreter";
    info->big_endian = runtime.load_options.byte_order == ByteOrder::big;
    info->packets = 1;
    info->groups = "base32 base64 divmul32 divmul64 atomic32 atomic64 packet";
    info->extensions = runtime.extensions.c_str();
    info->helpers = helper_ids;
    info->facts = facts;
    return 0;
}

/// Of an instruction that an extension has which is not switched on: which one.
std::string hint_of(const bpf_assay_program& program, const Refused& refused,
                    const LoadOptions& options) {
    const std::size_t at = refused.pc * slot_size;
    if (at + slot_size > program.bytes)
        return {};
    const std::span image(program.image, program.bytes);
    const Slot slot = decode_slot(image.subspan(at).first<slot_size>(), options.byte_order);
    const InstructionRow* row = find_row(slot, ExtensionSet::all());
    if (row == nullptr || options.extensions.contains(row->extension))
        return {};
    return row->extension.empty() ? std::string()
                                  : std::string("; ").append(row->extension) += " has it";
}

bpf_assay_verdict load(void* user, const bpf_assay_program* program, bpf_assay_loaded* loaded) {
    Runtime& runtime = runtime_of(user);
    runtime.program.reset();
    auto result =
        Program::load(std::span<const u8>(program->image, program->bytes), runtime.load_options);
    if (const auto* refused = std::get_if<Refused>(&result)) {
        const std::string_view text = describe(refused->reason);
        const std::string hint = hint_of(*program, *refused, runtime.load_options);
        bpf_assay_say(loaded->why, "slot %u: %.*s (%.*s)%s", refused->pc,
                      static_cast<int>(text.size()), text.data(),
                      static_cast<int>(refused->section.size()), refused->section.data(),
                      hint.c_str());
        return BPF_ASSAY_REJECTED;
    }
    runtime.program = std::move(std::get<Program>(result));
    runtime.packet = program->packet != 0;
    runtime.r2 = program->memory_bytes;
    return BPF_ASSAY_LOADED;
}

int run(void* user, uint8_t* block, std::size_t size, uint64_t* r0, char* why) {
    Runtime& runtime = runtime_of(user);
    State state;
    if (runtime.packet)
        state.packet = std::span<const u8>(block, size);
    else
        state.memory = std::span<u8>(block, size);
    set_up_entry(state);
    if (runtime.packet)
        state.registers[1] = context_address; // an empty packet is a packet, too
    state.registers[2] = runtime.r2;
    RunOptions options = runtime.run_options;
    options.platform = {.context = &state, .helpers = helpers};
    const Outcome outcome = bpf_assay::run(*runtime.program, state, options);
    if (const auto* returned = std::get_if<Returned>(&outcome)) {
        *r0 = returned->r0;
        return 0;
    }
    if (const auto* fault = std::get_if<Fault>(&outcome)) {
        const std::string_view text = describe(fault->reason);
        bpf_assay_say(why, "slot %u: %.*s", fault->pc, static_cast<int>(text.size()), text.data());
    } else {
        bpf_assay_say(why, "the limit of %llu instructions is reached",
                      static_cast<unsigned long long>(runtime.run_options.instruction_limit));
    }
    return 1;
}

int set_byte_order(void* user, const char* value, char* why) {
    const std::string text = value;
    bpf_assay_say(why, "%s is neither little nor big", value);
    runtime_of(user).load_options.byte_order = text == "big" ? ByteOrder::big : ByteOrder::little;
    return text != "little" && text != "big";
}

int set_profile(void* user, const char* value, char* why) {
    const std::string text = value;
    bpf_assay_say(why, "%s is neither strict nor base", value);
    runtime_of(user).load_options.profile = text == "base" ? Profile::base : Profile::strict;
    return text != "strict" && text != "base";
}

int set_limit(void* user, const char* value, char* why) {
    char* end = nullptr;
    errno = 0;
    runtime_of(user).run_options.instruction_limit = std::strtoull(value, &end, 10);
    bpf_assay_say(why, "%s is no number of instructions", value);
    return errno != 0 || *end != 0 || *value < '0' || *value > '9';
}

/// Names separated by commas, or all that run.
int set_extensions(void* user, const char* value, char* why) {
    Runtime& runtime = runtime_of(user);
    const auto switch_on = [&](std::string_view name) {
        if (runtime.load_options.extensions.contains(name))
            return;
        runtime.load_options.extensions.add(name);
        runtime.extensions += runtime.extensions.empty() ? "" : " ";
        runtime.extensions += name;
    };
    std::string_view rest = value;
    if (rest == "all") {
        for (const Extension& extension : extensions())
            if (extension.runs)
                switch_on(extension.name);
        return 0;
    }
    for (bool more = true; more;) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::string name(rest.substr(0, comma));
        more = comma < rest.size();
        rest.remove_prefix(comma + (more ? 1 : 0));
        const auto found = std::ranges::find(extensions(), name, &Extension::name);
        if (found == extensions().end() || !found->runs) {
            bpf_assay_say(why,
                          found == extensions().end()
                              ? "there is no extension '%s'; bpf-assay isa --extensions lists "
                                "them"
                              : "%s is decoded, but it cannot run on this VM",
                          name.c_str());
            return 1;
        }
        switch_on(name);
    }
    return 0;
}

int set_choices(void* user, const char* value, char* why) {
    const std::string text = value;
    bpf_assay_say(why, "%s is neither never, always nor alternate", value);
    runtime_of(user).run_options.choices = text == "always"      ? Choices::always
                                           : text == "alternate" ? Choices::alternate
                                                                 : Choices::never;
    return text != "never" && text != "always" && text != "alternate";
}

constexpr bpf_assay_option options[] = {
    {"--byte-order", "ORDER", "of programs and data: little (default) or big", set_byte_order},
    {"--profile", "PROFILE", "what is refused: strict (default) or base", set_profile},
    {"--extensions", "NAMES", "that it has: x-acqrel,x-maygoto or all (default none)",
     set_extensions},
    {"--choices", "CHOICES", "of may_goto: never (default), always or alternate", set_choices},
    {"--instruction-limit", "N", "per run, then it is a fault (default 1000000000)", set_limit},
    {nullptr, nullptr, nullptr, nullptr},
};

} // namespace

int main(int argc, char** argv) {
    Runtime runtime;
    const bpf_assay_plugin plugin = {.info = info,
                                     .load = load,
                                     .run = run,
                                     .user = &runtime,
                                     .options = options,
                                     .run_many = nullptr};
    return bpf_assay_plugin_main(argc, argv, &plugin);
}
