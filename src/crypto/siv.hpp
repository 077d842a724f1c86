#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_cipher_ctx_st;

namespace roundabout::crypto {

/// 256 bits: AES-128-SIV takes one half for the MAC and one for the cipher (RFC 5297 §2.2).
using SivKey = std::array<std::uint8_t, 32>;

/// AES-128-SIV (RFC 5297): deterministic authenticated encryption. The same input gives the same
/// output, so there is no nonce to count and a retransmission after a restart comes out the same.
/// Not to be shared between threads.
class Siv {
  public:
    static constexpr std::size_t overhead = 16; ///< the synthetic IV in front of the ciphertext

    /// Error: key_unusable.
    [[nodiscard]] static Result<Siv> make(const SivKey& key);

    /// The synthetic IV and the ciphertext. `plain` must not be empty. `associated` is covered, not
    /// contained. Error: key_unusable.
    [[nodiscard]] Result<std::string> seal(std::string_view associated, std::string_view plain);

    /// The plain text; token_forged unless key, associated data and every bit are those of `seal`.
    [[nodiscard]] Result<std::string> open(std::string_view associated, std::string_view sealed);

  private:
    struct Free {
        void operator()(evp_cipher_ctx_st* context) const noexcept;
    };
    using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;

    Siv(const SivKey& key, Context sealing, Context opening) noexcept
        : key_(key)
        , sealing_(std::move(sealing))
        , opening_(std::move(opening)) {}

    SivKey key_; ///< libcrypto's SIV contexts take a second message only after a new key
    Context sealing_, opening_;
};

} // namespace roundabout::crypto
