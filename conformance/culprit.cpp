#include "conformance/culprit.hpp"

#include <numeric>

namespace bpf_assay::conformance {
namespace {

constexpr std::chrono::seconds patience{60}; // for the whole search
constexpr std::size_t rows_at_once = 256;
constexpr std::size_t most_rows = 4096; // of one program that is taken apart

/// The search takes too long, or cannot be made.
struct Inconclusive {};

/// How a plugin broke down that was given some pieces.
struct Breakdown {
    const Vector* at = nullptr; // null: when it ended
    std::string words;
};

class Replay {
public:
    Replay(const Runtime& runtime, const ExamineOptions& options)
        : m_runtime(runtime), m_options(options), m_end(Clock::now() + patience) {}

    /// Lets glibc look at every block of the heap that is freed: otherwise damage shows or not by
    /// where blocks happen to lie. Other systems ignore it.
    void check_heap() {
        m_runtime.environment["LD_PRELOAD"] = "libc_malloc_debug.so.0";
        m_runtime.environment["GLIBC_TUNABLES"] = "glibc.malloc.check=3";
    }

    /// Runs the pieces in a plugin of their own, up to its end.
    std::optional<Breakdown> breaks(std::span<const Piece> pieces) {
        const Vector* at = nullptr;
        std::optional<Session> session;
        try {
            session.emplace(m_runtime.words(), m_options.deadline, m_runtime.environment);
            for (const Piece& piece : pieces) {
                if (Clock::now() > m_end)
                    throw Inconclusive{};
                at = piece.vector;
                run(*session, piece);
            }
            if (const auto end = session->close())
                return Breakdown{nullptr, end->text};
        } catch (const PluginFailure& failure) {
            if (!session)
                throw Inconclusive{}; // it does not even start
            return Breakdown{at, failure.text};
        }
        return std::nullopt;
    }

private:
    static void run(Session& session, const Piece& piece) {
        const Vector& vector = *piece.vector;
        if (vector.kind == Kind::encoding) {
            const auto slots = vector.encoding.program(piece.rows.program);
            const auto image =
                vector.encoding.image.value_or(wire_form(slots, session.hello().byte_order));
            session.load(image, image.size() / slot_size, /*packet=*/false);
            session.receive();
            return;
        }
        const auto experiment = make_experiment(vector, piece.rows, session.hello().traits());
        session.load(wire_form(experiment->slots(), session.hello().byte_order),
                     experiment->slots().size(), experiment->packet());
        if (session.receive().name != "loaded")
            return;
        for (std::size_t row = 0; row < experiment->rows(); row += rows_at_once) {
            const std::size_t rows = std::min(rows_at_once, experiment->rows() - row);
            session.run(
                rows, experiment->block_size(),
                [&](std::size_t index, std::span<u8> block) {
                    experiment->write_block(row + index, block);
                },
                experiment->concurrency());
            session.receive();
        }
    }

    Runtime m_runtime;
    ExamineOptions m_options;
    Clock::time_point m_end;
};

/// The smallest number from `low` to `high` for which the property holds, if it holds for all
/// numbers above one for which it does, and for `high`.
template <class Property>
std::size_t smallest(std::size_t low, std::size_t high, Property&& holds) {
    while (low < high) {
        const std::size_t middle = std::midpoint(low, high);
        if (holds(middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/// The stretch of the pieces that it takes: the shortest end that breaks the plugin, and of that
/// the shortest beginning. What spoils a plugin usually shows soon, so ends grow from short ones.
std::span<const Piece> stretch(Replay& replay, std::span<const Piece> pieces) {
    const auto end_breaks = [&](std::size_t count) {
        return replay.breaks(pieces.last(count)).has_value();
    };
    std::size_t enough = 1;
    while (enough < pieces.size() && !end_breaks(enough))
        enough = std::min(2 * enough, pieces.size());
    pieces = pieces.last(smallest(enough / 2 + 1, enough, end_breaks));
    const std::size_t length = smallest(1, pieces.size(), [&](std::size_t count) {
        return replay.breaks(pieces.first(count)).has_value();
    });
    return pieces.first(length);
}

std::vector<Piece> rows_of(const Piece& piece) {
    if (piece.vector->kind == Kind::encoding)
        return {piece};
    std::vector<u32> rows = piece.rows.rows;
    if (rows.empty()) {
        rows.resize(make_experiment(*piece.vector, piece.rows, {})->rows());
        std::iota(rows.begin(), rows.end(), 0);
    }
    if (rows.size() > most_rows)
        return {piece};
    std::vector<Piece> pieces;
    for (const u32 row : rows)
        pieces.push_back({piece.vector, {.program = piece.rows.program, .rows = {row}}});
    return pieces;
}

/// Of two pieces the first, cut to the one row that it takes.
std::optional<Culprit> cut(Replay& replay, const Piece& first, const Piece* last) {
    std::vector<Piece> pieces = rows_of(first);
    const auto with_last = [&](std::span<const Piece> some) {
        std::vector<Piece> run(some.begin(), some.end());
        if (last != nullptr)
            run.push_back(*last);
        return run;
    };
    const std::size_t length = smallest(1, pieces.size(), [&](std::size_t count) {
        return replay.breaks(with_last(std::span(pieces).first(count))).has_value();
    });
    const auto breakdown = replay.breaks(with_last(std::span(pieces).subspan(length - 1, 1)));
    if (breakdown)
        return Culprit{pieces[length - 1], breakdown->at, breakdown->words};
    const auto whole = replay.breaks(with_last(std::span(&first, 1)));
    return whole ? std::optional(Culprit{first, whole->at, whole->words}) : std::nullopt;
}

} // namespace

std::optional<Culprit> find_culprit(const Runtime& runtime, const ExamineOptions& options,
                                    const std::vector<Piece>& history) {
    Replay replay(runtime, options);
    try {
        if (history.empty())
            return std::nullopt;
        if (!replay.breaks(history)) {
            replay.check_heap();
            if (!replay.breaks(history))
                return std::nullopt;
        }
        if (replay.breaks({})) // it breaks down whatever it is given
            return std::nullopt;
        const auto pieces = stretch(replay, history);
        return cut(replay, pieces.front(), pieces.size() > 1 ? &pieces.back() : nullptr);
    } catch (const Inconclusive&) {
        return std::nullopt;
    } catch (const RuntimeUnavailable&) {
        return std::nullopt;
    }
}

std::vector<Piece> pieces_of(const Vector& vector, RunProfile profile) {
    std::vector<Piece> pieces;
    if (vector.kind == Kind::encoding)
        for (std::size_t index = 0; index < vector.encoding.count(); ++index)
            pieces.push_back({&vector, {.program = index, .rows = {}}});
    else
        for (ProgramRows& program : selection(vector, profile))
            pieces.push_back({&vector, std::move(program)});
    return pieces;
}

} // namespace bpf_assay::conformance
