#include "conformance/plugin_checks/subject.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::plugin_checks {
namespace {

constexpr std::size_t row_head = 16; // status, zero, R0

void read_faults(const Conversation& talk, const Reply& reply, std::vector<Row>& rows) {
    const auto faults = reply.body.value("faults", nlohmann::json::array());
    const std::string must = R"('faults' as a list of {"row": index, "why": "..."})";
    if (!faults.is_array())
        talk.wrong(reply, must);
    for (const auto& fault : faults) {
        if (!fault.is_object() || !fault.contains("row") || !fault["row"].is_number_unsigned() ||
            (fault.contains("why") && !fault["why"].is_string()))
            talk.wrong(reply, must);
        const auto row = fault["row"].get<std::size_t>();
        if (row >= rows.size() || !rows[row].fault)
            talk.wrong(fmt::format("'faults' names row {}, whose status is not 1", row),
                       "only rows with status 1, counted from 0 in each run");
        rows[row].why = fault.value("why", "");
    }
}

} // namespace

Conversation& Subject::shared() {
    if (!m_shared) {
        m_shared.emplace(m_command, m_deadline, m_log);
        greet(*m_shared);
    }
    return *m_shared;
}

Program Subject::assemble(std::string_view text) {
    return {.image = wire_form(std::get<std::vector<Slot>>(m_assembler.assemble(text)),
                               m_hello.byte_order),
            .text = std::string(text)};
}

u64 Subject::number(std::span<const u8> bytes) const {
    return conformance::load(bytes, m_hello.byte_order);
}

void Subject::put_number(std::span<u8> bytes, u64 value) const {
    store(bytes, value, m_hello.byte_order);
}

Request hello_request() {
    return {.line = R"({"hello": {"protocol": 1}})", .payload = {}, .note = {}};
}

void greet(Conversation& talk) {
    talk.ask(hello_request(), {"hello"}, "the answer 'hello'");
}

Request load_request(const Program& program, bool packet) {
    return {.line = fmt::format(R"({{"load": {{"insns": {}, "context": "{}"}}, "bytes": {}}})",
                                program.image.size() / slot_size, packet ? "packet" : "memory",
                                program.image.size()),
            .payload = program.image,
            .note = program.text};
}

u8 pattern(std::size_t row, std::size_t at) {
    return static_cast<u8>(17 * row + 3 * at + at / 256 + 1);
}

Request run_request(std::size_t rows, std::size_t size, const Fill& fill, Concurrency concurrency) {
    const std::string threads =
        concurrency.threads > 1
            ? fmt::format(R"(, "threads": {}, "times": {})", concurrency.threads, concurrency.times)
            : "";
    Request request{.line = fmt::format(R"({{"run": {{"rows": {}, "size": {}{}}}, "bytes": {}}})",
                                        rows, size, threads, rows * size),
                    .payload = std::vector<u8>(rows * size),
                    .note = {}};
    for (std::size_t row = 0; row < rows; ++row) {
        const auto block = std::span(request.payload).subspan(row * size, size);
        for (std::size_t at = 0; !fill && at < size; ++at)
            block[at] = pattern(row, at);
        if (fill)
            fill(row, block);
    }
    return request;
}

std::vector<Row> rows_of(const Subject& subject, const Conversation& talk, const Reply& reply,
                         std::size_t rows, std::size_t size) {
    const std::size_t part = row_head + size;
    const std::string must = fmt::format(
        R"({{"ran": {{"rows": {}}}, "bytes": {}}}: {} x (16 + {}))", rows, rows * part, rows, size);
    if (reply.name != "ran" || reply.body.value("rows", nlohmann::json()) != rows ||
        reply.payload.size() != rows * part)
        talk.wrong(reply, must);
    std::vector<Row> result;
    for (std::size_t row = 0; row < rows; ++row) {
        const auto bytes = std::span(reply.payload).subspan(row * part, part);
        const u64 status = subject.number(bytes.first(4)),
                  zero = subject.number(bytes.subspan(4, 4));
        const u64 r0 = subject.number(bytes.subspan(8, 8));
        if (status > 1 || zero != 0)
            talk.wrong(
                fmt::format("row {} begins with {:02x}", row, fmt::join(bytes.first(8), " ")),
                "a u32 that is 0 (EXIT) or 1 (fault) in hello's byte order, and 4 zero bytes");
        if (status == 1 && r0 != 0)
            talk.wrong(fmt::format("row {} has status 1 (fault) and R0 = {:#x}", row, r0),
                       "R0 = 0 after a fault");
        const auto block = bytes.subspan(row_head);
        result.push_back(
            {.fault = status == 1, .r0 = r0, .block = {block.begin(), block.end()}, .why = {}});
    }
    read_faults(talk, reply, result);
    return result;
}

std::vector<Row> take_rows(const Subject& subject, Conversation& talk, std::size_t rows,
                           std::size_t size) {
    const Reply reply =
        talk.receive(fmt::format("'ran' with {} rows of 16 + {} bytes", rows, size));
    auto result = rows_of(subject, talk, reply, rows, size);
    for (std::size_t row = 0; row < rows; ++row)
        if (result[row].fault)
            talk.wrong(fmt::format("row {} has status 1 (fault): {}", row,
                                   result[row].why.empty() ? "no 'faults' says why"
                                                           : printable(result[row].why)),
                       "status 0: the program ends by EXIT");
    return result;
}

void load(Subject& subject, Conversation& talk, std::string_view program) {
    talk.ask(load_request(subject.assemble(program)), {"loaded"}, "'loaded'");
}

std::vector<Row> load_and_run(Subject& subject, Conversation& talk, std::string_view program,
                              std::size_t rows, std::size_t size, const Fill& fill) {
    load(subject, talk, program);
    Request request = run_request(rows, size, fill);
    request.note = fmt::format("the program is: {}", printable(program, 100));
    talk.send(request);
    return take_rows(subject, talk, rows, size);
}

} // namespace bpf_assay::conformance::plugin_checks
