// The runner's side of the plugin protocol (docs/plugin-protocol.md): messages to and from one
// plugin.
#pragma once

#include "conformance/experiment.hpp"
#include "conformance/process.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>

namespace bpf_assay::conformance {

/// What a plugin says of its runtime.
struct Hello {
    std::string name;
    std::string version;
    std::string engine;
    ByteOrder byte_order = ByteOrder::little;
    unsigned r0_bits = 64;
    std::size_t max_insns = 1'000'000;
    std::size_t max_block = 131'072;
    std::vector<Group> groups; // with those that they include
    std::vector<std::string> excluded;
    std::vector<std::string> extensions;
    bool stores_pointers = true;
    HelperIds helpers;
    std::size_t threads = 1;                           // that can run the program at the same time
    nlohmann::json message = nlohmann::json::object(); // as it came, for the results

    bool claims(const InstructionRow& row) const;
    RuntimeTraits traits() const {
        return {.byte_order = byte_order,
                .r0_bits = r0_bits,
                .stores_pointers = stores_pointers,
                .helpers = helpers,
                .fold = std::nullopt};
    }
};

/// What the object of an answer to `hello` says. Throws std::string: what is wrong with it.
Hello read_hello(const nlohmann::json& body);

/// Groups with all that they include (RFC 9669 section 2.4).
std::vector<Group> with_included(std::vector<Group> groups);

/// The plugin died, did not answer in time, or broke the protocol. It has been ended.
struct PluginFailure {
    enum class Kind { crash, timeout, protocol } kind;
    std::string text;
    std::vector<std::string> errors = {}; // the last lines of its standard error
};

/// The plugin says that its runtime cannot be used here.
struct RuntimeUnavailable {
    std::string why;
};

struct Answer {
    std::string name;         // "loaded", "rejected", ...
    nlohmann::json body;      // its object
    std::string_view payload; // the raw bytes; valid until the next receive()

    /// body["why"], or a text that says it is missing.
    std::string why() const;
};

/// A started plugin. Every call may throw PluginFailure or Interrupted; the session is then over.
class Session {
public:
    /// Starts the plugin and asks for its hello. Also throws InputError (cannot be started) and
    /// RuntimeUnavailable.
    Session(const std::vector<std::string>& command, std::chrono::milliseconds deadline,
            const std::map<std::string, std::string>& environment = {});
    ~Session();

    const Hello& hello() const { return m_hello; }

    void load(std::span<const u8> image, std::size_t insns, bool packet);
    /// Appends `rows` blocks that `write` fills.
    template <class Write>
    void run(std::size_t rows, std::size_t size, Write&& write, Concurrency concurrency = {}) {
        m_blocks.resize(rows * size);
        for (std::size_t row = 0; row < rows; ++row)
            write(row, std::span(m_blocks).subspan(row * size, size));
        send_run(rows, size, concurrency);
    }
    /// Requests without an answer so far.
    std::size_t outstanding() const { return m_outstanding; }
    /// Bytes of those requests, a measure of what is on its way.
    std::size_t outstanding_bytes() const { return m_outstanding_bytes; }

    /// The next answer, waiting until the deadline for it.
    Answer receive();

    /// Ends the input, when all is answered. What it is if the end is not exit status 0; a
    /// plugin that does not end in good time is killed, and that is no failure.
    std::optional<PluginFailure> close();

private:
    void send(const nlohmann::json& message, std::span<const u8> payload);
    void send_run(std::size_t rows, std::size_t size, Concurrency concurrency);
    void ask_hello();
    [[noreturn]] void fail(PluginFailure::Kind kind, const std::string& what);
    /// The last lines of standard error.
    std::vector<std::string> last_lines() const;
    /// "; its last words: ...", the last of these lines, or nothing.
    std::string last_words() const;
    /// Waits for more output; fails if there will be none.
    void more();

    std::chrono::milliseconds m_deadline;
    Process m_process;
    Hello m_hello;
    std::vector<u8> m_blocks;
    std::size_t m_outstanding = 0;
    std::size_t m_outstanding_bytes = 0;
    std::vector<std::size_t> m_request_bytes; // of outstanding requests, oldest first
    std::size_t m_unconsumed = 0;             // payload of the last answer
    Clock::time_point m_answer_deadline;
};

} // namespace bpf_assay::conformance
