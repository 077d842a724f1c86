#include "routing/keys.hpp"

#include "crypto/mac.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace roundabout::routing {
namespace {

HashKey to_hash_key(const crypto::Digest& digest) noexcept {
    HashKey key{};
    std::memcpy(key.data(), digest.data(), sizeof key);
    return key;
}

} // namespace

Result<KeyRing> derive_keys(std::span<const Secret> secrets) {
    if (secrets.empty())
        return Error::key_unusable;
    KeyRing ring;
    for (const Secret& secret : secrets) {
        const auto derive = [&](std::string_view purpose) {
            return crypto::hmac(secret.bytes, {"roundabout", purpose});
        };
        const auto token = derive("token");
        const auto binding = derive("binding");
        const auto branch = derive("branch");
        const auto owner = derive("owner");
        const auto loop = derive("loop");
        const auto tag = derive("tag");
        const auto name = derive("name");
        if (!token || !binding || !branch || !owner || !loop || !tag || !name)
            return Error::key_unusable;
        ring.push_back({secret.id, *token, *binding, to_hash_key(*branch), to_hash_key(*owner),
                        to_hash_key(*loop), to_hash_key(*tag), to_hash_key(*name)});
    }
    return ring;
}

} // namespace roundabout::routing
