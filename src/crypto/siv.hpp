#pragma once

#include "base/result.hpp"
#include "crypto/aes.hpp"

#include <array>
#include <cstdint>
#include <span>
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

    /// What seal() and open() need of the associated data, which is covered and not contained: to
    /// be kept where the same comes again.
    struct About {
        Block sum; ///< S2V (§2.4) up to the plain text
    };
    /// `associated` may be empty. Error: key_unusable.
    [[nodiscard]] Result<About> about(std::string_view associated);

    /// In place: `text` is room for the synthetic IV and then the plain text, which must not be
    /// empty, and becomes what open() takes. Error: key_unusable.
    [[nodiscard]] Result<void> seal(const About& about, std::span<char> text);

    /// The plain text, in its place in `sealed`; token_forged unless key, associated data and every
    /// bit are those of `seal`. What `sealed` holds after an error tells nothing.
    [[nodiscard]] Result<std::string_view> open(const About& about, std::span<char> sealed);

  private:
    Siv(Cmac mac, Aes128 cipher, const Block& begun) noexcept
        : mac_(std::move(mac))
        , cipher_(std::move(cipher))
        , begun_(begun) {}

    [[nodiscard]] Result<Block> synthetic_iv(const About& about, std::string_view plain);
    /// CTR (§2.5): encrypts and decrypts in place.
    [[nodiscard]] bool add_key_stream(const Block& iv, std::span<char> text);

    Cmac mac_;
    Aes128 cipher_;
    Block begun_; ///< S2V up to the associated data: the MAC of a block of zeros, doubled
    std::vector<Block> scratch_;
};

} // namespace roundabout::crypto
