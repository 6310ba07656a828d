#include "conformance/reduction/search.hpp"

#include "conformance/reduction/code.hpp"
#include "conformance/reduction/steps.hpp"

#include "conformance/experiment.hpp"
#include "conformance/state.hpp"

#include "reference_vm/decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace bpf_assay::conformance::reduction {
namespace {

void add_cells(const std::vector<Cell>& cells, std::string& key) {
    for (const Cell& cell : cells) {
        key += fmt::format("|{}:{}=", cell.at, cell.size);
        if (const auto* value = std::get_if<u64>(&cell.content))
            key += fmt::format("{:x}", *value);
        else
            key += fmt::format("{:02x}", fmt::join(std::get<std::vector<u8>>(cell.content), ""));
    }
}

/// All that a run depends on, to try nothing twice.
std::string key_of(const Vector& vector) {
    const auto image = wire_form(vector.body, ByteOrder::little);
    std::string key(image.begin(), image.end());
    key += fmt::format("/{}/{:02x}/", vector.memory_size, fmt::join(vector.packet, ""));
    for (const auto& reg : vector.before.registers) {
        if (!reg)
            key += "-,";
        else if (const auto* address = std::get_if<Address>(&*reg))
            key += fmt::format("{}{},", address->base == Address::Base::memory ? 'm' : 's',
                               address->offset);
        else
            key += fmt::format("{:x},", std::get<u64>(*reg));
    }
    add_cells(vector.before.memory, key += "/m");
    add_cells(vector.before.stack, key += "/s");
    return key;
}

class Search {
public:
    Search(Statement start, const Limits& limits, const Fails& fails,
           const std::function<bool()>& out_of_time)
        : m_limits(limits), m_fails(fails), m_out_of_time(out_of_time), m_cost(cost_of(start)) {
        m_reduction.statement = std::move(start);
    }

    Reduction run() {
        const auto steps = all_steps();
        for (bool simpler = true; simpler && m_reduction.finished;) {
            simpler = false;
            for (const Step& step : steps)
                simpler = (m_reduction.finished && take(step)) || simpler;
        }
        return std::move(m_reduction);
    }

private:
    bool take(const Step& step) {
        bool any = false;
        for (std::size_t index = 0;;) {
            if (m_out_of_time()) {
                m_reduction.finished = false;
                break;
            }
            auto variant = step.variant(m_reduction.statement, index);
            if (!variant)
                break;
            const bool kept = attempt(std::move(*variant));
            index += kept ? 0 : 1; // what had the next number may have this one now
            any = any || kept;
        }
        return any;
    }

    bool attempt(Vector variant) {
        if (!m_tried.insert(key_of(variant)).second)
            return false;
        auto completed = complete(std::move(variant), m_limits);
        auto* statement = std::get_if<Statement>(&completed);
        if (statement == nullptr)
            return false;
        const Cost cost = cost_of(*statement);
        if (cost >= m_cost)
            return false;
        ++m_reduction.tried;
        if (!m_fails(statement->vector))
            return false;
        ++m_reduction.kept;
        m_reduction.statement = std::move(*statement);
        m_cost = cost;
        return true;
    }

    const Limits& m_limits;
    const Fails& m_fails;
    const std::function<bool()>& m_out_of_time;
    Cost m_cost;
    Reduction m_reduction;
    std::unordered_set<std::string> m_tried;
};

// ---- Encodings ---------------------------------------------------------------------------------

struct EncodedInstruction {
    std::size_t begin;
    std::size_t size;
};

/// As the decoder would take them; what is no instruction is one slot.
std::vector<EncodedInstruction> instructions_of(std::span<const Slot> slots) {
    std::vector<EncodedInstruction> found;
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const auto rows = rows_with_opcode(slots[pc].opcode);
        const bool wide = !rows.empty() && rows.front().wide && pc + 1 < slots.size();
        found.push_back({pc, wide ? std::size_t{2} : std::size_t{1}});
        pc += wide ? 1 : 0;
    }
    return found;
}

/// Whether a jump leads over the instruction, or into it: its distance would be another one.
bool is_crossed(std::span<const Slot> slots, const EncodedInstruction& gone) {
    const auto begin = static_cast<s64>(gone.begin);
    const s64 end = begin + static_cast<s64>(gone.size);
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const auto target = target_of(slots[pc], static_cast<u32>(pc));
        if (!target)
            continue;
        const auto from = static_cast<s64>(pc);
        if (std::min(from, *target) < end && std::max(from, *target) > begin)
            return true;
    }
    return false;
}

void erase(std::vector<Slot>& slots, const EncodedInstruction& gone) {
    const auto begin = slots.begin() + static_cast<s64>(gone.begin);
    slots.erase(begin, begin + static_cast<s64>(gone.size));
}

/// Whether what is left is refused as before, and its legal twin is not.
bool is_statement(const Encoding& encoding, const Refused& reason, const Slot& flagged) {
    const auto refused = check(encoding.slots, Profile::strict);
    return refused && refused->reason == reason.reason && encoding.slots[refused->pc] == flagged &&
           (!encoding.control || !check(*encoding.control, Profile::strict));
}

} // namespace

Reduction reduce(Statement start, const Limits& limits, const Fails& fails,
                 const std::function<bool()>& out_of_time) {
    return Search(std::move(start), limits, fails, out_of_time).run();
}

EncodingReduction reduce_encoding(Vector start, const Fails& fails,
                                  const std::function<bool()>& out_of_time) {
    EncodingReduction reduction{.vector = std::move(start)};
    const Encoding& encoding = reduction.vector.encoding;
    const auto reason = check(encoding.slots, Profile::strict);
    const bool twins = !encoding.control || encoding.control->size() == encoding.slots.size();
    if (encoding.image || !reason || !twins)
        return reduction;
    const Slot flagged = encoding.slots[reason->pc];
    // The last one ends the program.
    for (std::size_t number = 0; number + 1 < instructions_of(encoding.slots).size();) {
        const EncodedInstruction gone = instructions_of(encoding.slots)[number];
        const bool crossed = is_crossed(encoding.slots, gone) ||
                             (encoding.control && is_crossed(*encoding.control, gone));
        Vector variant = reduction.vector;
        erase(variant.encoding.slots, gone);
        if (variant.encoding.control)
            erase(*variant.encoding.control, gone);
        if (crossed || !is_statement(variant.encoding, *reason, flagged)) {
            ++number;
            continue;
        }
        if (out_of_time()) {
            reduction.finished = false;
            break;
        }
        ++reduction.tried;
        if (!fails(variant)) {
            ++number;
            continue;
        }
        ++reduction.kept;
        reduction.vector = std::move(variant);
    }
    return reduction;
}

} // namespace bpf_assay::conformance::reduction
