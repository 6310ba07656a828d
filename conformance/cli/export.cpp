// `export`: vectors as ELF objects for libbpf, bpftool, netsh and bpf2c (docs/export.md).
#include "conformance/cli/commands.hpp"
#include "conformance/cli/export_folder.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/cli/selection.hpp"
#include "conformance/digest.hpp"
#include "conformance/elf_object.hpp"
#include "conformance/error.hpp"
#include "conformance/experiment.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace bpf_assay::conformance::cli {
namespace {

using nlohmann::json;

struct Options {
    SelectionOptions selection;
    std::string folder;
    std::string section = "socket";
    std::size_t programs = 256; // per object
    std::size_t block_at = default_block_at;
    bool elf = false, overwrite = false;
};

/// Addresses are never stored: that is what unprivileged Linux and PREVAIL refuse.
constexpr RuntimeTraits traits{.byte_order = ByteOrder::little, .stores_pointers = false};

/// Why no object can have the vector; empty if one can.
std::string left_out_because(const Vector& vector) {
    if (vector.kind == Kind::encoding)
        return "an encoding, which must not load: it would keep the others of its object out";
    if (vector.kind == Kind::packet)
        return "a packet instead of the map";
    if (!vector.helpers.empty())
        return "a helper function, whose id is the platform's";
    if (vector.concurrency.threads > 1)
        return "several threads at once";
    return {};
}

std::string_view text_of(std::span<const u8> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The digits at its end are of what the program does, so that a driver made of another export has
/// no such symbol.
std::string symbol_of(std::size_t number, const Vector& vector, std::span<const u8> program,
                      std::size_t block_at) {
    constexpr std::size_t digits = 8;
    Sha256 digest;
    digest.add(program);
    digest.add(fmt::format("{}", block_at));
    std::string symbol = fmt::format("p{}_{}", number, vector.id);
    std::ranges::replace_if(symbol, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return symbol + "_" + digest.hex().substr(0, digits);
}

json places_of(const Experiment& experiment) {
    const BlockPlaces places = experiment.places();
    json object{{"memory", places.memory}, {"memory_size", places.memory_size}};
    if (places.registers_before)
        object["registers_before"] = *places.registers_before;
    if (places.registers_after)
        object["registers_after"] = *places.registers_after;
    for (const auto& slot : places.stack)
        object["stack"].push_back(
            {{"offset", slot.offset}, {"before", slot.before}, {"after", slot.after}});
    return object;
}

/// Collects programs, and writes an object and its rows whenever there are enough.
class Exporter {
public:
    explicit Exporter(const Options& options)
        : m_options(options), m_folder(options.folder, options.overwrite) {}

    void add(const Vector& vector, std::span<const ProgramRows> programs) {
        std::map<std::string, std::vector<std::size_t>> left_out;
        std::size_t count = 0;
        for (const ProgramRows& program : programs)
            if (const std::string why = add_program(vector, program); !why.empty()) {
                left_out[why].push_back(program.program);
                ++count;
            }
        const bool all = count == programs.size();
        m_vectors_left_out += all ? 1 : 0;
        m_programs_left_out += all ? 0 : count;
        for (const auto& [why, numbers] : left_out) {
            json entry{{"vector", vector.id}, {"why", why}};
            if (numbers.size() != programs.size()) {
                entry["programs"] = numbers;
                entry["of"] = programs.size();
            }
            m_left_out.push_back(std::move(entry));
        }
    }

    void leave_out(const Vector& vector, const std::string& why) {
        m_left_out.push_back({{"vector", vector.id}, {"why", why}});
        ++m_vectors_left_out;
    }

    /// Throws InputError, and writes nothing, if there is no program.
    void finish() {
        finish_object();
        if (m_program_count == 0)
            throw InputError(
                fmt::format("none of the selected vectors can be in an object: {}", reasons()));
        const json manifest{{"bpf-assay", BPF_ASSAY_VERSION},
                            {"profile", m_options.selection.profile},
                            {"section", m_options.section},
                            {"map",
                             {{"name", block_map},
                              {"type", "array"},
                              {"entries", 1},
                              {"block_at", m_options.block_at}}},
                            {"byte_order", "little"},
                            {"objects", m_objects},
                            {"left_out", m_left_out}};
        m_folder.write(programs_name,
                       fmt::format("{} 1\nsection {}\nblock_at {}\n{}", programs_head,
                                   m_options.section, m_options.block_at, m_list));
        m_folder.finish(manifest.dump(1) + "\n");
        fmt::print("{} programs with {} rows in {} objects; {} vectors{} left out: {}\n",
                   m_program_count, m_row_count, m_objects.size(), m_vectors_left_out,
                   m_programs_left_out == 0
                       ? ""
                       : fmt::format(" and {} programs of others", m_programs_left_out),
                   m_folder.manifest_path());
    }

private:
    /// Returns why no object can have the program; empty if this one has.
    std::string add_program(const Vector& vector, const ProgramRows& selected) {
        const auto experiment = make_experiment(vector, selected, traits);
        const auto slots = experiment->slots();
        if (const std::string why = cannot_be_in_object(slots); !why.empty())
            return why;
        const std::vector<u8> bytes = wire_form(slots, ByteOrder::little);
        ObjectProgram program{.symbol =
                                  symbol_of(m_programs.size(), vector, bytes, m_options.block_at),
                              .slots = {slots.begin(), slots.end()}};
        json entry{{"function", program.symbol},
                   {"vector", vector.id},
                   {"program", selected.program},
                   {"block_size", experiment->block_size()},
                   {"places", places_of(*experiment)},
                   {"rows_at", m_rows.size()},
                   {"rows", json::array()}};
        if (!experiment->text().empty())
            entry["text"] = experiment->text();
        if (const auto r0 = experiment->expected_r0())
            entry["r0"] = fmt::format("{:#x}", *r0);
        for (std::size_t row = 0; row < experiment->rows(); ++row) {
            entry["rows"].push_back(experiment->row_number(row));
            const std::size_t at = m_rows.size();
            m_rows.resize(at + experiment->block_size());
            experiment->write_block(row, std::span(m_rows).subspan(at));
            const auto expected = experiment->expected_block(row);
            m_rows.insert(m_rows.end(), expected.begin(), expected.end());
        }
        m_row_count += experiment->rows();
        m_block_size = std::max(m_block_size, experiment->block_size());
        m_entries.push_back(std::move(entry));
        m_lines += fmt::format("program {} {:02x}\n", program.symbol, fmt::join(bytes, ""));
        m_programs.push_back(std::move(program));
        if (m_programs.size() == m_options.programs)
            finish_object();
        return {};
    }

    void finish_object() {
        if (m_programs.empty())
            return;
        const std::size_t value_size = (std::max<std::size_t>(m_block_size, 8) + 7) / 8 * 8;
        const std::string name = ExportFolder::object_name(m_objects.size());
        m_folder.write(name + ".o",
                       text_of(elf_object(m_programs, {.section = m_options.section,
                                                       .block_size = value_size,
                                                       .block_at = m_options.block_at})));
        m_folder.write(name + ".rows", text_of(m_rows));
        m_objects.push_back({{"file", name + ".o"},
                             {"rows_file", name + ".rows"},
                             {"value_size", m_options.block_at + value_size},
                             {"programs", std::move(m_entries)}});
        m_list += fmt::format("object {}.o {}\n{}", name, m_options.block_at + value_size, m_lines);
        m_lines.clear();
        m_program_count += m_programs.size();
        m_programs.clear();
        m_entries = json::array();
        m_rows.clear();
        m_block_size = 0;
    }

    /// "a packet instead of the map (3)"
    std::string reasons() const {
        std::map<std::string, std::size_t> counts;
        for (const json& entry : m_left_out)
            ++counts[entry.at("why")];
        std::string text;
        for (const auto& [why, count] : counts)
            text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", why, count);
        return text;
    }

    const Options& m_options;
    ExportFolder m_folder;
    std::vector<ObjectProgram> m_programs; // of the object in the making, as all up to m_block_size
    json m_entries = json::array();
    std::vector<u8> m_rows;
    std::string m_lines; // of programs.txt
    std::size_t m_block_size = 0;
    json m_objects = json::array(), m_left_out = json::array();
    std::string m_list; // programs.txt, of the objects that are written
    std::size_t m_program_count = 0, m_row_count = 0;
    std::size_t m_vectors_left_out = 0, m_programs_left_out = 0; // programs of other vectors
};

int export_command(const Options& options) {
    if (!options.elf)
        throw InputError("export needs to know what to write: --elf");
    const Suite suite = load_suite_from(options.selection.vectors);
    check_patterns(options.selection, suite);
    std::vector<const Vector*> vectors;
    for (const Vector& vector : suite.vectors)
        if (selected(vector, options.selection))
            vectors.push_back(&vector);
    if (vectors.empty())
        throw InputError("no vector is selected by these filters");
    const auto profile = *run_profile_from_name(options.selection.profile);
    Exporter exporter(options);
    for (const Vector* vector : vectors)
        if (const std::string why = left_out_because(*vector); !why.empty())
            exporter.leave_out(*vector, why);
        else
            exporter.add(*vector, selection(*vector, profile));
    exporter.finish();
    return 0;
}

} // namespace

Command add_export(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "export", "Write vectors as ELF objects, which other tools load and run");
    options->selection.extensions = {"none"};
    command->add_flag("--elf", options->elf, "ELF objects, the only format there is");
    add_selection_options(*command, options->selection, "smoke");
    command
        ->add_option("--output,-o", options->folder,
                     "Folder for the objects, their rows and the manifest")
        ->required();
    command->add_flag("--overwrite", options->overwrite,
                      "Replace the export that the folder holds: manifest.json, vectors-*.o, "
                      "vectors-*.rows");
    command->add_option(
        "--program-section", options->section,
        "Section of the programs, which tells their type: socket (default), syscall; "
        "on Windows sample_ext, bind, xdp");
    command->add_option("--programs-per-object", options->programs, "256 unless stated")
        ->check(CLI::Range(std::size_t{1}, std::size_t{65'536}));
    command
        ->add_option("--block-at", options->block_at,
                     "Where in the map's value the block begins: 65536 unless stated; eBPF for "
                     "Windows takes values of 65504 bytes at most")
        ->check(CLI::Validator(
            [](const std::string& text) {
                const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
                return digits && text.size() < 8 && std::stoul(text) % 8 == 0
                           ? std::string()
                           : "is no multiple of 8 below 10,000,000: " + text;
            },
            "BYTES"));
    command->footer("Example:\n  bpf-assay export --elf -i 'sdiv*' -o objects\n  bpftool prog "
                    "loadall objects/vectors-0000.o /sys/fs/bpf/vectors");
    return [options] { return export_command(*options); };
}

} // namespace bpf_assay::conformance::cli
