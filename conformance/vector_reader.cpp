#include "conformance/vector_reader.hpp"

#include "conformance/extension_syntax.hpp"
#include "conformance/numbers.hpp"
#include "conformance/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace bpf_assay::conformance {

Vector VectorReader::read(const YAML::Node& node, const std::string& section) {
    m_file.expect_map(node, "a vector",
                      {"id",        "clauses",     "because",   "policy",  "tests",
                       "unless",    "asm",         "before",    "after",   "after_little",
                       "after_big", "memory_size", "registers", "imm",     "rows",
                       "digest",    "program",     "packet",    "slots",   "image",
                       "control",   "expect",      "distinct",  "base",    "cell",
                       "at",        "offset",      "values",    "threads", "times"});
    Vector vector;
    vector.section = section;
    vector.extension = m_extension;
    read_common(node, vector);
    if (node["slots"] || node["image"])
        read_encoding(node, vector);
    else if (node["program"])
        read_program(node, vector);
    else if (node["asm"] && node["rows"])
        read_sweep(node, vector);
    else if (node["asm"])
        read_explicit(node, vector);
    else
        m_file.fail(node, "a vector needs one of: asm, program, slots, image");
    if (vector.because.empty() && vector.kind != Kind::sweep)
        m_file.fail(node, "key 'because' is missing");
    read_tests(node, vector);
    return vector;
}

/// Fails on a key that the format knows, but not for this kind.
void VectorReader::allow(const YAML::Node& node, std::string_view kind,
                         std::initializer_list<std::string_view> keys) const {
    static constexpr std::array<std::string_view, 6> common{"id",     "clauses", "because",
                                                            "policy", "tests",   "unless"};
    for (const auto& entry : node) {
        const std::string& key = entry.first.Scalar();
        if (std::ranges::find(common, key) == common.end() &&
            std::ranges::find(keys, key) == keys.end())
            m_file.fail(entry.first,
                        fmt::format("key '{}' does not belong to {}; expected one of: {}", key,
                                    kind, fmt::join(keys, ", ")));
    }
}

void VectorReader::read_common(const YAML::Node& node, Vector& vector) {
    static const std::regex pattern("[a-z0-9-]+(/[a-z0-9-]+)+");
    const YAML::Node id = m_file.required(node, "id");
    vector.id = m_file.text(id, "an id");
    vector.location = m_file.location_of(id);
    if (!std::regex_match(vector.id, pattern))
        m_file.fail(id,
                    fmt::format("id '{}' is not of the form [a-z0-9-]+(/[a-z0-9-]+)+", vector.id));

    const YAML::Node clauses = m_file.required(node, "clauses");
    m_file.expect_sequence(clauses, "clauses");
    if (clauses.size() == 0)
        m_file.fail(clauses, "a vector names at least one clause");
    for (const auto& clause : clauses) {
        vector.clauses.push_back(m_file.text(clause, "a clause"));
        if (!m_context.clauses.contains(vector.clauses.back()))
            m_file.fail(clause, fmt::format("there is no clause '{}' in docs/clauses.yaml",
                                            vector.clauses.back()));
    }
    if (node["because"])
        vector.because = m_file.text(node["because"], "because");
    const std::string policy = node["policy"] ? m_file.text(node["policy"], "policy") : "";
    vector.policy = find_policy(policy);
    if (vector.policy == nullptr)
        m_file.fail(node["policy"],
                    fmt::format("there is no policy '{}'; docs/policy.md lists them", policy));
    if (node["unless"]) {
        vector.unless = m_file.text(node["unless"], "unless");
        if (!vector.unless.starts_with("x-"))
            m_file.fail(node["unless"], "'unless' names an extension, x-...");
    }
}

void VectorReader::read_tests(const YAML::Node& node, Vector& vector) {
    if (node["tests"]) {
        m_file.expect_sequence(node["tests"], "tests");
        for (const auto& name : node["tests"]) {
            const InstructionRow* row = find_row(m_file.text(name, "a mnemonic"));
            if (row == nullptr)
                m_file.fail(name, fmt::format("there is no instruction '{}'; `bpf-assay isa` lists "
                                              "them",
                                              name.Scalar()));
            vector.tests.push_back(row);
        }
        return;
    }
    const auto& body =
        vector.kind == Kind::sweep ? vector.sweep_programs.front().body : vector.body;
    const ExtensionSet on = extensions_of(vector);
    for (std::size_t at = 0; at < body.size(); ++at) {
        const InstructionRow* row = find_row(body[at], on);
        if (row == nullptr)
            continue;
        // A vector of an extension is about its instructions, and not about what is around them.
        if (row->extension == vector.extension &&
            std::ranges::find(vector.tests, row) == vector.tests.end())
            vector.tests.push_back(row);
        at += row->wide ? 1 : 0;
    }
    if (vector.tests.empty() && vector.kind != Kind::encoding && !m_extension.empty())
        m_file.fail(node, fmt::format("the vector has no instruction of {}", m_extension));
}

ExtensionSet extensions_of(const Vector& vector) {
    ExtensionSet set;
    set.add(vector.extension); // empty, or a name that the loader knows
    return set;
}

std::variant<std::vector<Slot>, AssemblyError> CachingAssembler::assemble(const std::string& text) {
    if (const auto found = m_known.find(text); found != m_known.end())
        return found->second;
    auto result = m_assembler.assemble(text);
    if (const auto* slots = std::get_if<std::vector<Slot>>(&result))
        m_known.emplace(text, *slots);
    return result;
}

std::vector<Slot> VectorReader::assemble(const YAML::Node& node, const std::string& text) {
    const auto in_llvm_s_words = [&] {
        try {
            return m_extension.empty() ? text : with_extension_syntax(text);
        } catch (const std::exception& error) {
            m_file.fail(node, error.what());
        }
    };
    auto result = m_assembler.assemble(in_llvm_s_words());
    if (const auto* error = std::get_if<AssemblyError>(&result))
        throw InputError(m_file.inside(node, error->line, error->column).text() + ": " +
                         error->message);
    return std::get<std::vector<Slot>>(std::move(result));
}

/// `call {mix}` becomes a call of the id that is reserved for the helper; the runtime's own id is
/// put in its place later.
std::vector<Slot> VectorReader::assemble_with_helpers(const YAML::Node& node, Vector& vector) {
    static const std::regex placeholder(R"(\{([^}]*)\})");
    std::string text;
    auto rest = vector.text.cbegin();
    for (std::smatch match; std::regex_search(rest, vector.text.cend(), match, placeholder);
         rest = match.suffix().first) {
        const auto role = helper_role_from_name(match[1].str());
        if (!role)
            m_file.fail(node, fmt::format("there is no helper '{}'; docs/plugin-protocol.md "
                                          "lists them",
                                          match[1].str()));
        text += match.prefix().str() + std::to_string(reserved_id(*role));
        if (std::ranges::find(vector.helpers, *role) == vector.helpers.end())
            vector.helpers.push_back(*role);
    }
    return assemble(node, text.append(rest, vector.text.cend()));
}

void VectorReader::read_threads(const YAML::Node& node, Vector& vector) {
    if (!node["threads"] && !node["times"])
        return;
    if (vector.kind == Kind::packet)
        m_file.fail(node["threads"] ? node["threads"] : node["times"],
                    "threads share memory, and a packet vector has none");
    vector.concurrency = {.threads = static_cast<std::size_t>(m_file.integer_between(
                              m_file.required(node, "threads"), "threads", 2, 64)),
                          .times = static_cast<std::size_t>(m_file.integer_between(
                              m_file.required(node, "times"), "times", 1, 1'000'000))};
}

void VectorReader::read_memory_size(const YAML::Node& node, Vector& vector) {
    if (!node["memory_size"])
        return;
    const s64 size = m_file.integer_between(node["memory_size"], "memory_size", 8, 65'536);
    if (size % 8 != 0)
        m_file.fail(node["memory_size"], "memory_size is a multiple of 8");
    vector.memory_size = static_cast<std::size_t>(size);
}

void VectorReader::read_explicit(const YAML::Node& node, Vector& vector) {
    allow(node, "an explicit vector",
          {"asm", "before", "after", "after_little", "after_big", "memory_size"});
    vector.kind = Kind::explicit_state;
    read_memory_size(node, vector);
    vector.text = m_file.text(node["asm"], "asm");
    vector.body = assemble_with_helpers(node["asm"], vector);
    if (node["before"])
        vector.before = read_state(node["before"], vector, /*is_after=*/false);
    if (node["after"] && !node["after_little"] && !node["after_big"]) {
        vector.after.fill(read_state(node["after"], vector, /*is_after=*/true));
    } else if (!node["after"] && node["after_little"] && node["after_big"]) {
        vector.after[0] = read_state(node["after_little"], vector, /*is_after=*/true);
        vector.after[1] = read_state(node["after_big"], vector, /*is_after=*/true);
    } else {
        m_file.fail(node,
                    "an explicit vector has either 'after', or 'after_little' and 'after_big'");
    }
}

void VectorReader::read_program(const YAML::Node& node, Vector& vector) {
    allow(node, "a program vector",
          {"program", "before", "after", "memory_size", "packet", "threads", "times"});
    vector.kind = node["packet"] ? Kind::packet : Kind::program;
    read_memory_size(node, vector);
    read_threads(node, vector);
    if (vector.kind == Kind::packet) {
        vector.packet = m_file.hex_bytes(node["packet"], "packet");
        if (node["before"] || node["memory_size"])
            m_file.fail(node, "a packet vector has no memory");
        if (vector.packet.empty())
            m_file.fail(node["packet"], "a packet has at least one byte");
    }
    vector.text = m_file.text(node["program"], "program");
    vector.body = assemble_with_helpers(node["program"], vector);
    if (node["before"])
        vector.before = read_state(node["before"], vector, /*is_after=*/false);
    vector.after.fill(read_state(m_file.required(node, "after"), vector, /*is_after=*/true));
    vector.result = vector.after[0].registers[0];
    if (!vector.result)
        m_file.fail(node["after"], "the state after a program names r0");
    if (std::holds_alternative<Address>(*vector.result))
        m_file.fail(node["after"], "r0 after a program is a number, or undefined");
}

StatedState VectorReader::read_state(const YAML::Node& node, const Vector& vector, bool is_after) {
    m_file.expect_map(
        node, is_after ? "after" : "before",
        {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory", "stack"});
    const bool is_explicit = vector.kind == Kind::explicit_state;
    StatedState state;
    for (const auto& entry : node) {
        const std::string& key = entry.first.Scalar();
        if (key == "memory" && vector.kind != Kind::packet) {
            state.memory = read_cells(entry.second, 0, static_cast<s64>(vector.memory_size));
        } else if (key == "stack" && is_explicit) {
            state.stack = read_cells(entry.second, -static_cast<s64>(frame_size), 0);
        } else if (key[0] == 'r' && (is_explicit || (is_after && key == "r0"))) {
            state.registers[static_cast<std::size_t>(key[1] - '0')] =
                read_register(entry.second, is_after);
        } else {
            m_file.fail(entry.first,
                        fmt::format("'{}' cannot be stated here by {} vector", key,
                                    vector.kind == Kind::packet ? "a packet" : "a program"));
        }
    }
    return state;
}

RegisterValue VectorReader::read_register(const YAML::Node& node, bool is_after) {
    if (node.IsMap()) {
        m_file.expect_map(node, "an address", {"block", "stack"});
        if (node.size() != 1)
            m_file.fail(node, "an address is {block: N} or {stack: N}");
        if (node["block"])
            return Address{Address::Base::memory,
                           m_file.integer_between(node["block"], "block", -0x100000, 0x100000)};
        return Address{Address::Base::stack,
                       m_file.integer_between(node["stack"], "stack", -0x100000, 0x100000)};
    }
    if (is_after && node.IsScalar() && node.Scalar() == "undefined")
        return Undefined{};
    return m_file.integer(node, "a register's value");
}

std::vector<Cell> VectorReader::read_cells(const YAML::Node& node, s64 low, s64 high) {
    m_file.expect_map(node, "memory");
    static const std::regex pattern("(u8|u16|u32|u64|bytes)@(-?[0-9]+)");
    std::vector<Cell> cells;
    for (const auto& entry : node) {
        const std::string key = m_file.text(entry.first, "a place");
        std::smatch match;
        if (!std::regex_match(key, match, pattern))
            m_file.fail(entry.first,
                        fmt::format("'{}' is not a place; expected u8@N, u16@N, u32@N, "
                                    "u64@N or bytes@N",
                                    key));
        Cell cell;
        // Of more digits than any place needs, only that it is outside counts.
        cell.at = match[2].length() > 8 ? high : std::stol(match[2].str());
        if (match[1] == "bytes") {
            cell.content = m_file.hex_bytes(entry.second, "bytes");
            cell.size = std::get<std::vector<u8>>(cell.content).size();
        } else {
            const std::size_t bits = std::stoul(match[1].str().substr(1));
            const u64 value = m_file.integer(entry.second, "a value");
            const auto top = static_cast<s64>(value) >> (bits - 1);
            if (bits < 64 && (value >> bits) != 0 && top != -1)
                m_file.fail(entry.second, fmt::format("the value does not fit u{}", bits));
            cell.content = bits == 64 ? value : value & ((u64{1} << bits) - 1);
            cell.size = bits / 8;
        }
        if (cell.at < low || cell.at + static_cast<s64>(cell.size) > high)
            m_file.fail(entry.first, fmt::format("'{}' is outside of {}..{}", key, low, high - 1));
        cells.push_back(std::move(cell));
    }
    return cells;
}

/// A field of the encoding; `value` is one of the table's: the first stands for it here.
Slot VectorReader::read_fields(const YAML::Node& node, std::size_t position, Encoding* table) {
    using Field = Encoding::Place::Field;
    m_file.expect_map(node, "a slot", {"opcode", "dst", "src", "offset", "imm"});
    const auto field = [&](const char* key, Field which, s64 low, s64 high) -> s64 {
        if (!node[key])
            return 0;
        if (node[key].IsScalar() && node[key].Scalar() == "value") {
            if (table == nullptr || table->values.empty())
                m_file.fail(node[key], "'value' needs 'values', and stands in 'slots' only");
            for (const s64 value : table->values)
                if (value < low || value > high)
                    m_file.fail(node[key],
                                fmt::format("value {} is no {}: {} to {}", value, key, low, high));
            table->places.push_back({.field = which, .slot = position});
            return table->values.front();
        }
        return m_file.integer_between(node[key], key, low, high);
    };
    m_file.required(node, "opcode");
    return Slot{.opcode = static_cast<u8>(field("opcode", Field::opcode, 0, 0xff)),
                .dst_reg = static_cast<u8>(field("dst", Field::dst, 0, 15)),
                .src_reg = static_cast<u8>(field("src", Field::src, 0, 15)),
                .offset = static_cast<s16>(field("offset", Field::offset, -0x8000, 0xffff)),
                .imm = static_cast<s32>(field("imm", Field::imm, -0x80000000LL, 0xffffffffLL))};
}

std::vector<Slot> VectorReader::read_slots(const YAML::Node& node, Encoding* table) {
    m_file.expect_sequence(node, "slots");
    std::vector<Slot> slots;
    for (const auto& entry : node) {
        if (entry.IsMap()) {
            slots.push_back(read_fields(entry, slots.size(), table));
        } else {
            const auto assembled = assemble(entry, m_file.text(entry, "a slot"));
            slots.insert(slots.end(), assembled.begin(), assembled.end());
        }
    }
    return slots;
}

std::vector<Slot> Encoding::program(std::size_t index) const {
    std::vector<Slot> program = slots;
    for (const Place& place : places) {
        Slot& slot = program[place.slot];
        const s64 value = values[index];
        switch (place.field) {
        case Place::Field::opcode:
            slot.opcode = static_cast<u8>(value);
            break;
        case Place::Field::dst:
            slot.dst_reg = static_cast<u8>(value);
            break;
        case Place::Field::src:
            slot.src_reg = static_cast<u8>(value);
            break;
        case Place::Field::offset:
            slot.offset = static_cast<s16>(value);
            break;
        case Place::Field::imm:
            slot.imm = static_cast<s32>(value);
            break;
        }
    }
    return program;
}

void VectorReader::read_encoding(const YAML::Node& node, Vector& vector) {
    allow(node, "an encoding vector", {"slots", "image", "values", "control", "expect"});
    vector.kind = Kind::encoding;
    if (node["slots"] && node["image"])
        m_file.fail(node["image"], "an encoding vector has 'slots' or 'image', not both");
    if (node["values"])
        vector.encoding.values = read_signed_values(node["values"]);
    if (node["slots"])
        vector.encoding.slots = read_slots(node["slots"], &vector.encoding);
    else
        vector.encoding.image = m_file.hex_bytes(node["image"], "image");
    if (node["values"] && vector.encoding.places.empty())
        m_file.fail(node["values"], "no field of 'slots' is 'value'");
    if (node["control"])
        vector.encoding.control = read_slots(node["control"]);
    if (m_file.text(m_file.required(node, "expect"), "expect") != "refused")
        m_file.fail(node["expect"], "expected 'refused'");
}

std::string_view name_of(Kind kind) {
    switch (kind) {
    case Kind::explicit_state:
        return "explicit";
    case Kind::sweep:
        return "sweep";
    case Kind::program:
        return "program";
    case Kind::packet:
        return "packet";
    case Kind::encoding:
        return "encoding";
    }
    return "";
}

} // namespace bpf_assay::conformance
