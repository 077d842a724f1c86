#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

struct evp_mac_ctx_st;

namespace roundabout::crypto {

using Digest = std::array<std::uint8_t, 32>;

/// HMAC-SHA-256 over fields, each closed by its length, so that ("ab","c") and ("a","bc") differ.
/// Fails only where libcrypto does. Error: key_unusable.
[[nodiscard]] Result<Digest> hmac(std::span<const std::uint8_t> key,
                                  std::initializer_list<std::string_view> fields);

/// The same with one key, given once: libcrypto looks its algorithms up by name for each key, which
/// costs twenty times what a short text does. Not to be shared between threads.
class Hmac {
  public:
    /// Error: key_unusable.
    [[nodiscard]] static Result<Hmac> make(std::span<const std::uint8_t> key);

    /// What hmac() gives for these fields. Error: key_unusable, where libcrypto fails.
    [[nodiscard]] Result<Digest> of(std::initializer_list<std::string_view> fields);

  private:
    struct Free {
        void operator()(evp_mac_ctx_st* context) const noexcept;
    };
    using Context = std::unique_ptr<evp_mac_ctx_st, Free>;
    explicit Hmac(Context context) noexcept
        : context_(std::move(context)) {}

    Context context_;
};

} // namespace roundabout::crypto
