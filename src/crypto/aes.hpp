#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

struct evp_cipher_ctx_st;

namespace roundabout::crypto {

using Block = std::array<std::uint8_t, 16>;
inline constexpr std::size_t block_size = std::tuple_size_v<Block>; ///< bytes
using Aes128Key = std::span<const std::uint8_t, 16>;

/// libcrypto's AES-128, given its key once. Not to be shared between threads.
class Aes128 {
  public:
    enum class Mode : std::uint8_t { ecb, cbc };

    /// CBC begins with an IV of zeros. Error: key_unusable.
    [[nodiscard]] static Result<Aes128> make(Mode mode, Aes128Key key);

    /// Encrypts in place. In CBC mode a call goes on where the last one ended. False where
    /// libcrypto fails.
    [[nodiscard]] bool encrypt(std::span<Block> blocks) noexcept;

  private:
    struct Free {
        void operator()(evp_cipher_ctx_st* context) const noexcept;
    };
    using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;
    explicit Aes128(Context context) noexcept
        : context_(std::move(context)) {}

    Context context_;
};

/// AES-128-CMAC (RFC 4493), for any number of messages. Not to be shared between threads.
class Cmac {
  public:
    /// Error: key_unusable.
    [[nodiscard]] static Result<Cmac> make(Aes128Key key);

    /// The MAC of `text`; key_unusable where libcrypto fails, then for ever. O(size), no allocation
    /// once a text as long was seen.
    [[nodiscard]] Result<Block> of(std::string_view text);
    /// The MAC of `text`, of a block or more, with `end` added to its last 16 bytes (RFC 5297 §2.1:
    /// xorend). Otherwise as of().
    [[nodiscard]] Result<Block> of_ending(std::string_view text, const Block& end);

  private:
    Cmac(Aes128 cbc, const Block& of_whole, const Block& of_padded) noexcept
        : cbc_(std::move(cbc))
        , of_whole_(of_whole)
        , of_padded_(of_padded) {}

    /// Into `scratch_`, filled up with zeros.
    void copy(std::string_view text);
    [[nodiscard]] Result<Block> of_copy(std::size_t size);

    Aes128 cbc_;
    Block of_whole_;  ///< K1: for a last block that is whole
    Block of_padded_; ///< K2: for one that is filled up
    Block last_{};    ///< what `cbc_` will add to the next block
    std::vector<Block> scratch_;
};

/// Adds the first bytes of `other`, as many as `to` has, in place.
void add(std::span<char> to, const void* other) noexcept;
/// In place.
void add(Block& to, const Block& other) noexcept;
/// Times x in GF(2^128) (RFC 4493 §2.3, RFC 5297 §2.3).
[[nodiscard]] Block doubled(const Block& block) noexcept;

/// The eight bytes there, the highest first.
[[nodiscard]] std::uint64_t load_big(const std::uint8_t* from) noexcept;
void store_big(std::uint64_t number, std::uint8_t* to) noexcept;

} // namespace roundabout::crypto
