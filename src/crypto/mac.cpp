#include "crypto/mac.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <string>

namespace roundabout::crypto {
namespace {

std::string closed_by_length(std::initializer_list<std::string_view> fields) {
    std::string joined;
    for (const std::string_view field : fields) {
        for (unsigned shift = 0; shift < 32; shift += 8)
            joined.push_back(static_cast<char>((field.size() >> shift) & 0xFFU));
        joined.append(field);
    }
    return joined;
}

} // namespace

void Hmac::Free::operator()(evp_mac_ctx_st* context) const noexcept { ::EVP_MAC_CTX_free(context); }

Result<Hmac> Hmac::make(std::span<const std::uint8_t> key) {
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters{
        ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
        ::OSSL_PARAM_construct_end()};
    EVP_MAC* const algorithm = ::EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    Context context(algorithm == nullptr ? nullptr : ::EVP_MAC_CTX_new(algorithm));
    ::EVP_MAC_free(algorithm); // the context holds it
    if (!context || ::EVP_MAC_init(context.get(), key.data(), key.size(), parameters.data()) != 1) {
        ::ERR_clear_error();
        return Error::key_unusable;
    }
    return Hmac(std::move(context));
}

Result<Digest> Hmac::of(std::initializer_list<std::string_view> fields) {
    const std::string joined = closed_by_length(fields);
    const auto* data = reinterpret_cast<const unsigned char*>(joined.data());
    Digest digest{};
    std::size_t size = 0;
    if (::EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
        ::EVP_MAC_update(context_.get(), data, joined.size()) != 1 ||
        ::EVP_MAC_final(context_.get(), digest.data(), &size, digest.size()) != 1 ||
        size != digest.size()) {
        ::ERR_clear_error();
        return Error::key_unusable;
    }
    return digest;
}

Result<Digest> hmac(std::span<const std::uint8_t> key,
                    std::initializer_list<std::string_view> fields) {
    Result<Hmac> keyed = Hmac::make(key);
    if (!keyed)
        return keyed.error();
    return keyed->of(fields);
}

} // namespace roundabout::crypto
