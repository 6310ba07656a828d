#include "conformance/tests/support.hpp"

#include "conformance/assembler.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include <cerrno>
#include <cstdlib>

#include <sys/wait.h>

namespace bpf_assay::conformance::test {

namespace {

constexpr std::string_view clauses = R"(clauses:
- {id: C-1, section: "4.1", kind: value, strength: prose, text: "One."}
- {id: C-2, section: "4.1", kind: value, strength: prose, text: "Two."}
)";
constexpr std::string_view operands = R"(version: 1
lists:
  few: [1, 2]
  odd: [3, 5, 7]
)";

} // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "bpf-assay-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("no temporary folder");
    m_path = name;
}
TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

std::filesystem::path TemporaryFolder::write(const std::string& name,
                                             std::string_view content) const {
    const std::filesystem::path path = m_path / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
}

const Suite& suite() {
    static const Suite loaded =
        load_suite(ASSAY_SOURCE_DIR "/vectors", ASSAY_SOURCE_DIR "/docs/clauses.yaml");
    return loaded;
}

Suite suite_of(std::string_view vectors) {
    const TemporaryFolder folder;
    folder.write("vectors/operands.yaml", operands);
    folder.write("vectors/test.yaml", "section: \"4.1\"\nvectors:\n" + std::string(vectors));
    return load_suite(folder.path() / "vectors", folder.write("clauses.yaml", clauses));
}

Vector vector_of(std::string_view keys) {
    return suite_of("  - id: test/vector\n    clauses: [C-1]\n    because: Tests.\n" +
                    std::string(keys))
        .vectors.at(0);
}

Ran run_row(Experiment& experiment, std::size_t row, ByteOrder order) {
    Ran ran{.block = std::vector<u8>(experiment.block_size())};
    experiment.write_block(row, ran.block);
    const auto loaded =
        Program::load(experiment.slots(), {.byte_order = order, .extensions = ExtensionSet::all()});
    if (const auto* refused = std::get_if<Refused>(&loaded)) {
        ADD_FAILURE() << "refused at " << refused->pc << ": " << describe(refused->reason);
        return ran;
    }
    State state = entry_state(experiment, ran.block);
    const auto outcome = run(std::get<Program>(loaded), state, {.platform = platform_of(state)});
    if (const auto* returned = std::get_if<Returned>(&outcome))
        ran.r0 = returned->r0;
    else
        ADD_FAILURE() << "the program does not end by EXIT";
    return ran;
}

bool has_children() {
    siginfo_t info{};
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

std::string fake_plugin(const std::string& arguments) {
    return "'" ASSAY_PYTHON "' -B '" ASSAY_SOURCE_DIR "/plugins/tests/fake_plugin.py' " + arguments;
}

std::vector<Slot> assembled(std::string_view text) {
    auto result = Assembler().assemble(text);
    if (const auto* error = std::get_if<AssemblyError>(&result)) {
        ADD_FAILURE() << text << ": " << error->message;
        return {};
    }
    return std::get<std::vector<Slot>>(std::move(result));
}

} // namespace bpf_assay::conformance::test
