// SHA-256 (OpenSSL).
#pragma once

#include "reference_vm/numeric.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bpf_assay::conformance {

class Sha256 {
public:
    Sha256();
    ~Sha256();
    void add(std::span<const u8> bytes);
    void add(std::string_view text);
    /// Ends the computation: 64 hex digits.
    std::string hex();

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace bpf_assay::conformance
