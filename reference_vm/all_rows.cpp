#include "reference_vm/all_rows.hpp"

#include "reference_vm/extension_rows.hpp"

namespace bpf_assay {

using table::extension_rows;
using table::rows;

static_assert(rows.size() + extension_rows.size() <= row_limit, "raise row_limit");

std::size_t number_of(const InstructionRow& row) {
    if (row.extension.empty())
        return static_cast<std::size_t>(&row - rows.data());
    return rows.size() + static_cast<std::size_t>(&row - extension_rows.data());
}

const InstructionRow& row_numbered(std::size_t number) {
    return number < rows.size() ? rows[number] : extension_rows[number - rows.size()];
}

ExtensionSet running_extensions() {
    ExtensionSet set;
    for (const Extension& extension : extensions())
        if (extension.runs)
            set.add(extension.name);
    return set;
}

ExtensionSet extension_of(const InstructionRow& row) {
    ExtensionSet set;
    if (!row.extension.empty())
        set.add(row.extension);
    return set;
}

} // namespace bpf_assay
