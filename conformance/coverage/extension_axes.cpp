// Bins of extensions: what can be told from the fields and the formula of a row.
#include "conformance/coverage/row_axes.hpp"

namespace bpf_assay::conformance::coverage {
namespace {

using enum Subject;

bool is_operand(const FieldRule& rule) {
    return rule.kind == FieldRule::Kind::any;
}

void add_registers(const InstructionRow& row, bool has_address, std::vector<Axis>& axes) {
    const bool dst = is_operand(row.dst_reg);
    const bool src = is_operand(row.src_reg);
    if (dst && src)
        axes.emplace_back(registers, dst_register(), src_register());
    else if (dst)
        axes.emplace_back(registers, dst_register(has_address));
    else if (src)
        axes.emplace_back(registers, src_register(has_address));
}

/// Of which width the operands are, the formula does not say in so many words: so all 64 bits, and
/// each operand by itself.
void add_values(const InstructionRow& row, const Formula& formula, std::vector<Axis>& axes) {
    const bool dst = is_operand(row.dst_reg) && formula.reads("dst");
    const bool src = is_operand(row.src_reg) && formula.reads("src");
    if (dst)
        axes.emplace_back(operands, value64("dst", dst_value));
    if (src)
        axes.emplace_back(operands, value64("src", src_value));
    if (dst && src)
        axes.emplace_back(operands, equal_operands(64));
    if (is_operand(row.imm) && !formula.writes("PC"))
        axes.emplace_back(immediates, immediate());
}

} // namespace

bool is_plain_load(const InstructionRow& row) {
    const Formula& formula = formula_of(row);
    const auto reach = formula.reach();
    return reach && reach->loads && !reach->stores && reach->base_is_src && formula.writes("dst");
}

bool is_plain_store(const InstructionRow& row) {
    const auto reach = formula_of(row).reach();
    return reach && reach->stores && !reach->loads && !reach->base_is_src;
}

void add_extension(const InstructionRow& row, std::vector<Axis>& axes) {
    if (is_plain_load(row))
        return add_load(row, axes);
    if (is_plain_store(row))
        return add_store(row, axes);
    const Formula& formula = formula_of(row);
    const bool has_address = formula.reach().has_value();
    add_registers(row, has_address, axes);
    if (has_address)
        add_address(axes);
    else
        add_values(row, formula, axes);
    if (formula.writes("PC"))
        axes.emplace_back(distances, jump_distance());
}

} // namespace bpf_assay::conformance::coverage
