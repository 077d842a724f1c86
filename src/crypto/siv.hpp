#pragma once

#include "base/result.hpp"
#include "crypto/aes.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roundabout::crypto {

/// 256 bits: AES-128-SIV takes one half for the MAC and one for the cipher (RFC 5297 §2.2).
using SivKey = std::array<std::uint8_t, 32>;

/// AES-128-SIV (RFC 5297): deterministic authenticated encryption. The same input gives the same
/// output, so there is no nonce to count and a retransmission after a restart comes out the same.
/// Not to be shared between threads.
///
/// The mode is made here from libcrypto's AES, and not taken from libcrypto: there it fetches and
/// keys its MAC anew for every message, which costs thirty times what the message does.
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
    Siv(Cmac mac, Aes128 cipher, const Block& of_zeros) noexcept
        : mac_(std::move(mac))
        , cipher_(std::move(cipher))
        , of_zeros_(of_zeros) {}

    /// S2V (§2.4) of one associated string, which may be empty, and the plain text.
    [[nodiscard]] Result<Block> synthetic_iv(std::string_view associated, std::string_view plain);
    /// CTR (§2.5): encrypts and decrypts in place.
    [[nodiscard]] bool add_key_stream(const Block& iv, std::span<char> text);

    Cmac mac_;
    Aes128 cipher_;
    Block of_zeros_; ///< the MAC of a block of zeros, where every S2V begins
    std::vector<Block> scratch_;
};

} // namespace roundabout::crypto
