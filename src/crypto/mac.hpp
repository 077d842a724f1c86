#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace roundabout::crypto {

using Digest = std::array<std::uint8_t, 32>;

/// HMAC-SHA-256 over fields, each closed by its length, so that ("ab","c") and ("a","bc") differ.
/// Fails only where libcrypto does. Error: key_unusable.
[[nodiscard]] Result<Digest> hmac(std::span<const std::uint8_t> key,
                                  std::initializer_list<std::string_view> fields);

} // namespace roundabout::crypto
