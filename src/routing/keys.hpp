#pragma once

#include "base/result.hpp"
#include "base/siphash.hpp"
#include "crypto/siv.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace roundabout::routing {

/// One secret of the key file: everything that must still be understood after a restart hangs on
/// it (R46). `id` says in a token which secret sealed it; secrets rotate, ids don't repeat.
struct Secret {
    std::uint8_t id = 0;
    std::array<std::uint8_t, 64> bytes{};
};

/// What is derived from one secret: a key a purpose, so that nothing made for one passes for
/// another.
struct DerivedKeys {
    std::uint8_t id = 0;
    crypto::SivKey token{};                 ///< Route and Contact tokens
    std::array<std::uint8_t, 32> binding{}; ///< binding ids
    HashKey branch_mac{};                   ///< proves that a branch is ours
    HashKey owner{};                        ///< which worker owns a transaction
    HashKey loop{};                         ///< loop hash
    HashKey tag{};                          ///< To tags of our own responses
    HashKey name{};                         ///< short names of servers, listeners, Call-IDs
};

/// Newest first; never empty.
using KeyRing = std::vector<DerivedKeys>;

/// Error: key_unusable for an empty list or a refusal by libcrypto.
[[nodiscard]] Result<KeyRing> derive_keys(std::span<const Secret> secrets);

} // namespace roundabout::routing
