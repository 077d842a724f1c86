#include "crypto/mac.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

namespace roundabout::crypto {

Result<Digest> hmac(std::span<const std::uint8_t> key,
                    std::initializer_list<std::string_view> fields) {
    std::string joined;
    for (const std::string_view field : fields) {
        for (unsigned shift = 0; shift < 32; shift += 8)
            joined.push_back(static_cast<char>((field.size() >> shift) & 0xFFU));
        joined.append(field);
    }
    Digest digest{};
    unsigned size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(joined.data());
    if (::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), data, joined.size(),
               digest.data(), &size) == nullptr ||
        size != digest.size())
        return Error::key_unusable;
    return digest;
}

} // namespace roundabout::crypto
