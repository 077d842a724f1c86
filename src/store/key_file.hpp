#pragma once

#include "store/failure.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace roundabout::store {

/// A secret that tokens and branches are made with.
struct TokenKey {
    std::uint8_t id = 0; ///< stands in each token, so that an old key is found; unique in the file
    std::array<std::uint8_t, 64> secret{};
};

/// The keys of a file, current one first; never empty.
using TokenKeys = std::vector<TokenKey>;

/// Reads the key file. Where there is none and `database_has_rows` is false, makes one of random
/// bytes: 0600, in place of nothing else, it and its directory synced before this returns, so that
/// nothing is ever sealed with a key that a power cut could take back.
/// Failures: key_missing (absent, unreadable or damaged beside a database with rows: the sentence
/// says what is lost without it), key_unusable (damaged, or others may read it),
/// random_unavailable, store_unavailable.
[[nodiscard]] StoreResult<TokenKeys> load_or_create_keys(const std::string& path,
                                                         bool database_has_rows);

/// Puts a fresh key before the others and keeps `keep` keys in all, the newest (at least the fresh
/// one, at most 255); the file is replaced atomically. In force once the daemon reads it again.
/// Failures: key_unusable, random_unavailable, store_unavailable.
[[nodiscard]] StoreResult<TokenKeys> rotate_keys(const std::string& path, std::size_t keep);

} // namespace roundabout::store
