// Mutants of the decoder's checks: each overlooks one kind of fault.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include "reference_vm/decoder.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance::mutants {
namespace {

using SlotTest = std::function<bool(const Slot&)>;

Leniency overlooking(RefusalReason reason, SlotTest fits) {
    return [reason, fits = std::move(fits)](const Refused& refused, std::span<const Slot> program) {
        return refused.reason == reason && fits(program[refused.pc]);
    };
}

Mutant check_of(std::string_view mutation, const InstructionRow* row, std::string_view detail,
                std::string what, Leniency overlooks) {
    const std::string_view subject = row == nullptr ? detail : row->mnemonic;
    const bool has_detail = row != nullptr && !detail.empty();
    Mutant mutant{.id = fmt::format("{}/{}{}{}", mutation, subject, has_detail ? "/" : "",
                                    has_detail ? detail : ""),
                  .mutation = std::string(mutation),
                  .what = std::move(what),
                  .rows = {}};
    if (row != nullptr)
        mutant.rows = {row};
    mutant.overlooks = std::move(overlooks);
    return mutant;
}

SlotTest is_row(const InstructionRow& row) {
    return [&row, on = extension_of(row)](const Slot& slot) { return find_row(slot, on) == &row; };
}

struct Field {
    std::string_view name;
    const FieldRule& (*rule)(const InstructionRow&);
    s64 (*value)(const Slot&);
};

constexpr std::array<Field, 4> fields = {{
    {"dst", [](const InstructionRow& row) -> const FieldRule& { return row.dst_reg; },
     [](const Slot& slot) { return s64{slot.dst_reg}; }},
    {"src", [](const InstructionRow& row) -> const FieldRule& { return row.src_reg; },
     [](const Slot& slot) { return s64{slot.src_reg}; }},
    {"offset", [](const InstructionRow& row) -> const FieldRule& { return row.offset; },
     [](const Slot& slot) { return s64{slot.offset}; }},
    {"imm", [](const InstructionRow& row) -> const FieldRule& { return row.imm; },
     [](const Slot& slot) { return s64{slot.imm}; }},
}};

void add_unused_fields(Mutants& all, const InstructionRow& row) {
    for (const Field& field : fields)
        if (field.rule(row).kind == FieldRule::Kind::unused)
            all.push_back(
                check_of(fmt::format("unused-{}-accepted", field.name), &row, "",
                         fmt::format("{}, which is unused, may hold anything", field.name),
                         overlooking(RefusalReason::unused_field,
                                     [is_row = is_row(row), &field](const Slot& slot) {
                                         return is_row(slot) && field.value(slot) != 0;
                                     })));
}

void add_register_numbers(Mutants& all, const InstructionRow& row) {
    for (const Field& field : std::span(fields).first(2))
        if (field.rule(row).kind == FieldRule::Kind::any)
            all.push_back(check_of("register-number-accepted", &row, field.name,
                                   fmt::format("{} may be 11 to 15", field.name),
                                   overlooking(RefusalReason::register_number,
                                               [is_row = is_row(row), &field](const Slot& slot) {
                                                   return is_row(slot) &&
                                                          field.value(slot) >= register_count;
                                               })));
}

s64 distance_of(const InstructionRow& row, const Slot& slot) {
    return row.offset.kind != FieldRule::Kind::any ? slot.imm : slot.offset;
}

/// Whether the target of a jump that was found wrong lies in the program: then in a wide one.
bool is_inside(const InstructionRow& row, const Refused& refused, std::span<const Slot> program) {
    const s64 target = s64{refused.pc} + 1 + distance_of(row, program[refused.pc]);
    return target >= 0 && target < static_cast<s64>(program.size());
}

void add_targets(Mutants& all, const InstructionRow& row) {
    const auto add = [&](std::string_view detail, std::string_view what, auto fits) {
        all.push_back(check_of("target-accepted", &row, detail, fmt::format("may jump {}", what),
                               [&row, is_row = is_row(row), fits](const Refused& refused,
                                                                  std::span<const Slot> program) {
                                   return refused.reason == RefusalReason::jump_target &&
                                          is_row(program[refused.pc]) &&
                                          fits(distance_of(row, program[refused.pc]),
                                               is_inside(row, refused, program));
                               }));
    };
    add("before", "to before the program", [](s64 d, bool inside) { return !inside && d < 0; });
    add("behind", "to behind the program", [](s64 d, bool inside) { return !inside && d >= 0; });
    add("into-wide", "into a wide instruction", [](s64, bool inside) { return inside; });
}

void add_row_checks(Mutants& all, const InstructionRow& row) {
    add_unused_fields(all, row);
    add_register_numbers(all, row);
    if (is_jump(row))
        add_targets(all, row);
    const auto add = [&](std::string_view mutation, RefusalReason reason, std::string_view what) {
        all.push_back(
            check_of(mutation, &row, "", std::string(what), overlooking(reason, is_row(row))));
    };
    if (writes_dst(row) || is_fetch(row))
        if (row.imm.value != atomic::CMPXCHG || !is_atomic(row))
            add("r10-accepted", RefusalReason::frame_pointer, "r10 may be written");
    if (row.wide)
        add("truncated-wide-accepted", RefusalReason::truncated_wide,
            "the second slot may be missing");
}

void add_second_slots(Mutants& all) {
    const auto add = [&](std::string_view detail, SlotTest fits) {
        all.push_back(check_of("second-slot-accepted", nullptr, detail,
                               fmt::format("{} of the second slot may hold anything", detail),
                               [fits](const Refused& refused, std::span<const Slot> program) {
                                   return refused.reason == RefusalReason::second_slot &&
                                          fits(program[refused.pc + 1]);
                               }));
    };
    add("opcode", [](const Slot& slot) { return slot.opcode != 0; });
    for (const Field& field : std::span(fields).first(3))
        add(field.name, [&field](const Slot& slot) { return field.value(slot) != 0; });
}

void add_opcodes(Mutants& all) {
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        const auto is_opcode = [opcode](const Slot& slot) { return slot.opcode == opcode; };
        const auto rows = rows_with_opcode(static_cast<u8>(opcode));
        if (rows.empty())
            all.push_back(check_of("opcode-accepted", nullptr, fmt::format("{:#04x}", opcode),
                                   fmt::format("opcode {:#04x} is accepted", opcode),
                                   overlooking(RefusalReason::unassigned_opcode, is_opcode)));
    }
}

/// Selecting fields, of the opcodes where they select.
void add_variants(Mutants& all) {
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        const auto rows = rows_with_opcode(static_cast<u8>(opcode));
        for (const Field& field : fields) {
            const bool selects = std::ranges::any_of(rows, [&](const InstructionRow& row) {
                return field.rule(row).kind == FieldRule::Kind::only;
            });
            if (!selects)
                continue;
            all.push_back(
                check_of("variant-accepted", &rows.front(), field.name,
                         fmt::format("any {} of opcode {:#04x} is accepted", field.name, opcode),
                         overlooking(RefusalReason::unassigned_variant, [opcode](const Slot& slot) {
                             return slot.opcode == opcode;
                         })));
        }
    }
}

/// Values that an extension's selecting field must not have, of which a part is the right one.
struct Mask {
    std::string_view detail, what;
    u64 counts; // the bits that are looked at
};

constexpr std::array<Mask, 4> masks = {{
    {"any", "all values", 0},
    {"without-bit-0", "bit 0", ~u64{1}},
    {"9-bits", "all but the low 9 bits", 0x1ff},
    {"16-bits", "all but the low 16 bits", 0xffff},
}};

void add_extension_variants(Mutants& all, const InstructionRow& row) {
    for (const Field& field : fields) {
        const FieldRule& rule = field.rule(row);
        if (rule.kind != FieldRule::Kind::only)
            continue;
        for (const Mask& mask : std::span(masks).first(field.name == "imm" ? masks.size() : 2))
            all.push_back(check_of(
                "variant-accepted", &row, fmt::format("{}-{}", field.name, mask.detail),
                fmt::format("{} of {} are overlooked", mask.what, field.name),
                [&row, &field, counts = mask.counts, right = static_cast<u64>(rule.value)](
                    const Refused& refused, std::span<const Slot> program) {
                    const Slot& slot = program[refused.pc];
                    const bool unassigned = refused.reason == RefusalReason::unassigned_opcode ||
                                            refused.reason == RefusalReason::unassigned_variant;
                    const auto value = static_cast<u64>(field.value(slot));
                    return unassigned && slot.opcode == row.opcode &&
                           (value & counts) == (right & counts);
                }));
    }
}

void add_program_shapes(Mutants& all) {
    const auto any = [](const Slot&) { return true; };
    all.push_back(check_of("shape-accepted", nullptr, "empty", "a program may be empty",
                           [](const Refused& refused, std::span<const Slot> program) {
                               return refused.reason == RefusalReason::image_length &&
                                      program.empty();
                           }));
    all.push_back(check_of(
        "shape-accepted", nullptr, "odd-length", "the bytes behind the last whole slot are ignored",
        [](const Refused& refused, std::span<const Slot> program) {
            return refused.reason == RefusalReason::image_length && !program.empty();
        }));
    all.push_back(check_of("shape-accepted", nullptr, "end", "the last instruction may be any",
                           overlooking(RefusalReason::runs_off_end, any)));
    const auto last_is = [&](std::string_view detail, std::string_view what, SlotTest fits) {
        all.push_back(check_of("shape-accepted", nullptr, detail, std::string(what),
                               overlooking(RefusalReason::runs_off_end, std::move(fits))));
    };
    last_is("end-by-call", "the last instruction may be CALL",
            [](const Slot& slot) { return find_row(slot)->mnemonic.starts_with("call"); });
    last_is("end-by-condition", "the last instruction may be a conditional jump",
            [](const Slot& slot) { return is_conditional(*find_row(slot)); });
    last_is("end-by-wide", "the last instruction may be a wide one",
            [](const Slot& slot) { return find_row(slot)->wide; });
}

} // namespace

void add_checks(Mutants& all) {
    // A runtime may refuse any instruction that is its platform's to offer.
    for (const InstructionRow* row : rows_of_all_where(
             [](const InstructionRow& candidate) { return !is_platform(candidate); })) {
        add_row_checks(all, *row);
        if (!row->extension.empty())
            add_extension_variants(all, *row);
    }
    add_second_slots(all);
    add_opcodes(all);
    add_variants(all);
    add_program_shapes(all);
}

} // namespace bpf_assay::conformance::mutants
