#include "conformance/session.hpp"

#include "conformance/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace bpf_assay::conformance {
namespace {

constexpr std::size_t max_line = 64 * 1024;
constexpr std::chrono::milliseconds end_patience{2000};
constexpr std::size_t max_payload = 256 * 1024 * 1024;
constexpr std::size_t most_last_lines = 24;

std::string shortened(std::string_view text) {
    std::string result(text.substr(0, 120));
    for (char& c : result)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f)
            c = '.';
    return result + (text.size() > 120 ? "..." : "");
}

/// Whether the keys that the runner reads from answers to load and run have the types of the
/// protocol; keys that it does not know are ignored.
bool well_typed(const nlohmann::json& body) {
    using nlohmann::json;
    const auto is = [](const json& object, const char* key, auto check) {
        const auto found = object.find(key);
        return found == object.end() || check(*found);
    };
    const auto text = [](const json& value) { return value.is_string(); };
    const auto number = [](const json& value) { return value.is_number_unsigned(); };
    return is(body, "cause", text) && is(body, "engine", text) &&
           is(body, "machine_code_bytes", number) && is(body, "faults", [&](const json& faults) {
               return faults.is_array() && std::ranges::all_of(faults, [&](const json& fault) {
                          return fault.is_object() && is(fault, "row", number) &&
                                 is(fault, "why", text);
                      });
           });
}

/// A reader of hello's keys that turns any mistake into a text for the plugin's author.
class HelloReader {
public:
    explicit HelloReader(const nlohmann::json& body) : m_body(body) {}

    std::string text(const char* key) const {
        if (!m_body.contains(key) || !m_body[key].is_string())
            throw fmt::format("hello: '{}' must be a text", key);
        return m_body[key].get<std::string>();
    }
    std::size_t number(const char* key, std::size_t otherwise) const {
        if (!m_body.contains(key))
            return otherwise;
        if (!m_body[key].is_number_unsigned())
            throw fmt::format("hello: '{}' must be a number", key);
        return m_body[key].get<std::size_t>();
    }
    bool flag(const char* key, bool otherwise) const {
        if (!m_body.contains(key))
            return otherwise;
        if (!m_body[key].is_boolean())
            throw fmt::format("hello: '{}' must be true or false", key);
        return m_body[key].get<bool>();
    }
    std::vector<std::string> texts(const char* key, std::vector<std::string> otherwise) const {
        if (!m_body.contains(key))
            return otherwise;
        if (!m_body[key].is_array())
            throw fmt::format("hello: '{}' must be a list of texts", key);
        std::vector<std::string> list;
        for (const auto& item : m_body[key]) {
            if (!item.is_string())
                throw fmt::format("hello: '{}' must be a list of texts", key);
            list.push_back(item.get<std::string>());
        }
        return list;
    }

    HelperIds helpers() const {
        HelperIds ids;
        if (!m_body.contains("helpers"))
            return ids;
        if (!m_body["helpers"].is_object())
            throw std::string("hello: 'helpers' must be an object of ids");
        for (const auto& [name, id] : m_body["helpers"].items()) {
            const auto role = helper_role_from_name(name);
            if (!role)
                throw fmt::format("hello: there is no helper '{}'", name);
            if (!id.is_number_unsigned() || id.get<u64>() > 0xffff'ffff)
                throw fmt::format("hello: the id of '{}' must be a number of 32 bits", name);
            ids[*role] = id.get<u32>();
        }
        return ids;
    }

private:
    const nlohmann::json& m_body;
};

} // namespace

Hello read_hello(const nlohmann::json& body) {
    const HelloReader read(body);
    Hello hello;
    hello.name = read.text("name");
    hello.version = read.text("version");
    hello.engine = read.text("engine");
    hello.r0_bits = static_cast<unsigned>(read.number("r0_bits", 64));
    hello.max_insns = read.number("max_insns", hello.max_insns);
    hello.max_block = read.number("max_block", hello.max_block);
    hello.excluded = read.texts("excluded", {});
    hello.extensions = read.texts("extensions", {});
    hello.stores_pointers = read.flag("stores_pointers", true);
    hello.helpers = read.helpers();
    hello.threads = read.number("threads", 1);
    hello.message = body;
    if (read.number("protocol", 0) != 1)
        throw std::string("hello: 'protocol' must be 1");
    if (hello.engine != "interpreter" && hello.engine != "jit" && hello.engine != "native")
        throw std::string("hello: 'engine' must be interpreter, jit or native");
    const std::string order = read.text("byte_order");
    if (order != "little" && order != "big")
        throw std::string("hello: 'byte_order' must be little or big");
    hello.byte_order = order == "big" ? ByteOrder::big : ByteOrder::little;
    if (hello.r0_bits != 32 && hello.r0_bits != 64)
        throw std::string("hello: 'r0_bits' must be 32 or 64");
    for (const std::string& name : read.texts("groups", {"base32", "base64"})) {
        const auto group = group_from_name(name);
        if (!group)
            throw fmt::format("hello: there is no conformance group '{}'", name);
        hello.groups.push_back(*group);
    }
    hello.groups = with_included(std::move(hello.groups));
    for (const std::string& mnemonic : hello.excluded)
        if (find_row(mnemonic) == nullptr)
            throw fmt::format("hello: excluded '{}' is no instruction; `bpf-assay isa` lists them",
                              mnemonic);
    return hello;
}

std::vector<Group> with_included(std::vector<Group> groups) {
    static constexpr std::array<std::pair<Group, Group>, 3> includes{
        std::pair{Group::base64, Group::base32}, std::pair{Group::divmul64, Group::divmul32},
        std::pair{Group::atomic64, Group::atomic32}};
    for (const auto& [outer, inner] : includes)
        if (std::ranges::find(groups, outer) != groups.end() &&
            std::ranges::find(groups, inner) == groups.end())
            groups.push_back(inner);
    std::ranges::sort(groups);
    return groups;
}

bool Hello::claims(const InstructionRow& row) const {
    const bool has_group = row.extension.empty()
                               ? std::ranges::find(groups, row.group) != groups.end()
                               : std::ranges::find(extensions, row.extension) != extensions.end();
    return has_group && std::ranges::find(excluded, row.mnemonic) == excluded.end();
}

std::string Answer::why() const {
    if (body.is_object() && body.contains("why") && body["why"].is_string())
        return body["why"].get<std::string>();
    return "the plugin gives no reason";
}

Session::Session(const std::vector<std::string>& command, std::chrono::milliseconds deadline,
                 const std::map<std::string, std::string>& environment)
    : m_deadline(deadline), m_process(command, environment) {
    ask_hello();
}

Session::~Session() {
    // A plugin ends at the end of its input; one that does not is killed by ~Process.
    if (m_outstanding == 0)
        m_process.finish(Clock::now() + std::chrono::milliseconds(500));
}

void Session::ask_hello() {
    send({{"hello", {{"protocol", 1}}}}, {});
    const Answer answer = receive();
    if (answer.name == "unavailable")
        throw RuntimeUnavailable{answer.why()};
    if (answer.name != "hello")
        fail(PluginFailure::Kind::protocol,
             fmt::format("answered 'hello' with '{}': {}", answer.name, answer.why()));
    try {
        m_hello = read_hello(answer.body);
    } catch (const std::string& mistake) {
        fail(PluginFailure::Kind::protocol, mistake);
    }
}

void Session::send(const nlohmann::json& message, std::span<const u8> payload) {
    const std::string line = message.dump() + "\n";
    m_process.write(line);
    m_process.write(payload);
    if (m_outstanding++ == 0)
        m_answer_deadline = Clock::now() + m_deadline;
    m_request_bytes.push_back(line.size() + payload.size());
    m_outstanding_bytes += m_request_bytes.back();
}

void Session::load(std::span<const u8> image, std::size_t insns, bool packet) {
    send({{"load", {{"insns", insns}, {"context", packet ? "packet" : "memory"}}},
          {"bytes", image.size()}},
         image);
}

void Session::send_run(std::size_t rows, std::size_t size, Concurrency concurrency) {
    nlohmann::json run{{"rows", rows}, {"size", size}};
    if (concurrency.threads > 1) {
        run["threads"] = concurrency.threads;
        run["times"] = concurrency.times;
    }
    send({{"run", std::move(run)}, {"bytes", m_blocks.size()}}, m_blocks);
}

void Session::fail(PluginFailure::Kind kind, const std::string& what) {
    // A plugin that ended by itself gets a moment to be reaped; any other is killed at once.
    const auto patience = std::chrono::milliseconds(kind == PluginFailure::Kind::crash ? 1000 : 0);
    const std::string end = m_process.finish(Clock::now() + patience);
    const std::string text =
        kind == PluginFailure::Kind::crash ? fmt::format("{} ({})", what, end) : what;
    throw PluginFailure{kind, text + last_words(), last_lines()};
}

std::vector<std::string> Session::last_lines() const {
    std::vector<std::string> lines;
    std::istringstream errors{std::string(m_process.errors())};
    for (std::string line; std::getline(errors, line);)
        if (!line.empty())
            lines.push_back(shortened(line));
    if (lines.size() > most_last_lines)
        lines.erase(lines.begin(), lines.end() - most_last_lines);
    return lines;
}

std::string Session::last_words() const {
    const auto lines = last_lines();
    return lines.empty() ? std::string() : "; its last words: " + lines.back();
}

std::optional<PluginFailure> Session::close() {
    // What may take its time to answer, such as an emulator, may take some to end.
    const auto patience = std::max(end_patience, m_deadline / 10);
    const std::string end = m_process.finish(Clock::now() + patience);
    if (m_process.exit_status() == 0 || m_process.was_killed())
        return std::nullopt;
    return PluginFailure{
        PluginFailure::Kind::crash,
        fmt::format("it ended with {} instead of exit status 0, behind its last answer{}", end,
                    last_words()),
        last_lines()};
}

void Session::more() {
    switch (m_process.wait(m_answer_deadline)) {
    case Process::Event::output:
        return;
    case Process::Event::end_of_output:
        fail(PluginFailure::Kind::crash, "the plugin ended without an answer");
    case Process::Event::deadline:
        fail(PluginFailure::Kind::timeout,
             fmt::format("no answer within {:.1f} s",
                         std::chrono::duration<double>(m_deadline).count()));
    }
}

Answer Session::receive() {
    m_process.consume(std::exchange(m_unconsumed, 0));
    std::size_t end = 0;
    while ((end = m_process.output().find('\n')) == std::string_view::npos) {
        if (m_process.output().size() > max_line)
            fail(PluginFailure::Kind::protocol,
                 fmt::format("a line of more than {} bytes: {}", max_line,
                             shortened(m_process.output())));
        more();
    }
    const std::string line(m_process.output().substr(0, end));
    const auto message = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!message.is_object())
        fail(PluginFailure::Kind::protocol, "not a JSON object: " + shortened(line));

    Answer answer;
    std::size_t payload = 0;
    for (const auto& [key, value] : message.items()) // unknown keys beside the message are ignored
        if (key == "bytes" && value.is_number_unsigned()) {
            payload = value.get<std::size_t>();
        } else if (answer.name.empty() && value.is_object()) {
            answer.name = key;
            answer.body = value;
        }
    if (answer.name.empty())
        fail(PluginFailure::Kind::protocol, "not an answer: " + shortened(line));
    if (!well_typed(answer.body))
        fail(PluginFailure::Kind::protocol, "a value of the wrong type: " + shortened(line));
    if (answer.name == "error")
        fail(PluginFailure::Kind::protocol, "the plugin could not read a request: " + answer.why());
    if (payload > max_payload)
        fail(PluginFailure::Kind::protocol, fmt::format("announces {} bytes", payload));
    m_process.consume(end + 1);
    while (m_process.output().size() < payload)
        more();
    answer.payload = m_process.output().substr(0, payload);
    m_unconsumed = payload;

    m_outstanding_bytes -= m_request_bytes.front();
    m_request_bytes.erase(m_request_bytes.begin());
    --m_outstanding;
    m_answer_deadline = Clock::now() + m_deadline;
    return answer;
}

} // namespace bpf_assay::conformance
