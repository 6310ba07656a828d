#include "conformance/digest.hpp"

#include "conformance/numbers.hpp"

#include <openssl/evp.h>

#include <array>

namespace bpf_assay::conformance {

struct Sha256::Impl {
    struct Free {
        void operator()(EVP_MD_CTX* owned) const { EVP_MD_CTX_free(owned); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : m_impl(std::make_unique<Impl>()) {
    EVP_DigestInit_ex(m_impl->context.get(), EVP_sha256(), nullptr);
}
Sha256::~Sha256() = default;

void Sha256::add(std::span<const u8> bytes) {
    EVP_DigestUpdate(m_impl->context.get(), bytes.data(), bytes.size());
}
void Sha256::add(std::string_view text) {
    EVP_DigestUpdate(m_impl->context.get(), text.data(), text.size());
}

std::string Sha256::hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    EVP_DigestFinal_ex(m_impl->context.get(), bytes.data(), &size);
    return hex_of(std::span(bytes).first(size));
}

} // namespace bpf_assay::conformance
