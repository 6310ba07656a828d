// `asm` and `disasm`.
#include "conformance/assembler.hpp"
#include "conformance/cli/commands.hpp"
#include "conformance/error.hpp"
#include "conformance/experiment.hpp"
#include "conformance/extension_syntax.hpp"
#include "conformance/numbers.hpp"

#include "reference_vm/disassembler.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <sstream>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    std::string text;
    std::string file;
    bool big = false;
};

ByteOrder order_of(const Options& options) {
    return options.big ? ByteOrder::big : ByteOrder::little;
}

std::string name_of_input(const Options& options) {
    return options.file.empty() ? options.text.empty() ? "<stdin>" : "<text>" : options.file;
}

std::string input_of(const Options& options) {
    if (!options.text.empty())
        return options.text;
    std::ostringstream text;
    if (options.file.empty()) {
        text << std::cin.rdbuf();
        return text.str();
    }
    const std::ifstream stream(options.file, std::ios::binary);
    if (!stream)
        throw InputError(options.file + ": cannot be read");
    text << stream.rdbuf();
    return text.str();
}

int assemble(const Options& options) {
    const auto result =
        Assembler(order_of(options)).assemble(with_extension_syntax(input_of(options)));
    if (const auto* error = std::get_if<AssemblyError>(&result))
        throw InputError(fmt::format("{}:{}:{}: {}", name_of_input(options), error->line,
                                     error->column + 1, error->message));
    const auto bytes = wire_form(std::get<std::vector<Slot>>(result), order_of(options));
    for (std::size_t at = 0; at < bytes.size(); ++at)
        fmt::print("{:02x}{}", bytes[at], (at + 1) % slot_size == 0 ? "\n" : " ");
    return 0;
}

std::vector<u8> bytes_of_hex(const Options& options) {
    auto bytes = parse_hex(input_of(options));
    if (!bytes)
        throw InputError(name_of_input(options) + ": expected pairs of hex digits");
    if (bytes->size() % slot_size != 0)
        throw InputError(fmt::format("{}: {} bytes; instructions are 8 bytes each",
                                     name_of_input(options), bytes->size()));
    return std::move(*bytes);
}

int print_disassembly(const Options& options) {
    const auto bytes = bytes_of_hex(options);
    std::vector<Slot> slots;
    for (std::size_t at = 0; at < bytes.size(); at += slot_size)
        slots.push_back(
            decode_slot(std::span(bytes).subspan(at).first<slot_size>(), order_of(options)));
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        fmt::print("{:>4}: {}\n", pc, disassemble(slots, pc));
        const InstructionRow* row = find_row(slots[pc]);
        pc += row != nullptr && row->wide ? 1 : 0;
    }
    return 0;
}

void add_input(CLI::App* command, Options& options, const char* what) {
    command->add_option("text", options.text, what);
    command->add_option("--file,-f", options.file, "Read from this file; default: standard input")
        ->excludes("text");
    command->add_flag("--big-endian", options.big, "The bytes of a big-endian machine");
}

} // namespace

Command add_asm(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("asm", "Assemble (LLVM's dialect) to hex, a slot a line");
    add_input(command, *options, "Instructions, separated by ';'");
    command->footer("Example:\n  bpf-assay asm 'r0 = 7; exit'");
    return [options] { return assemble(*options); };
}

Command add_disasm(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("disasm", "Disassemble hex");
    add_input(command, *options, "Hex bytes, spaces allowed");
    command->footer(
        "Example:\n  bpf-assay disasm 'b7 00 00 00 07 00 00 00 95 00 00 00 00 00 00 00'");
    return [options] { return print_disassembly(*options); };
}

} // namespace bpf_assay::conformance::cli
