#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace roundabout {

/// 128 bits that nobody outside this process knows.
using HashKey = std::array<std::uint64_t, 2>;

/// SipHash-2-4 (Aumasson, Bernstein 2012), fed piece by piece: a keyed 64-bit hash that an outsider
/// can't aim at a bucket or a worker. Each piece is closed by its length, so ("ab","c") and
/// ("a","bc") differ.
class SipHash {
  public:
    explicit SipHash(const HashKey& key) noexcept
        : state_{key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL,
                 key[0] ^ 0x6c7967656e657261ULL, key[1] ^ 0x7465646279746573ULL} {}

    /// Feeds one field. O(size).
    SipHash& field(std::string_view bytes) noexcept;
    SipHash& field(std::uint64_t number) noexcept;

    [[nodiscard]] std::uint64_t finish() noexcept;

  private:
    struct State {
        std::uint64_t v0, v1, v2, v3;

        void round() noexcept;
        void take(std::uint64_t word) noexcept;
    };

    State state_;
    std::uint64_t words_ = 0;
};

} // namespace roundabout
