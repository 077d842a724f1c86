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
    explicit SipHash(const HashKey& key) noexcept;

    /// Feeds one field. O(size).
    SipHash& field(std::string_view bytes) noexcept;
    SipHash& field(std::uint64_t number) noexcept;

    [[nodiscard]] std::uint64_t finish() noexcept;

  private:
    void word(std::uint64_t m) noexcept;
    void rounds(int count) noexcept;

    std::uint64_t v0_, v1_, v2_, v3_;
    std::uint64_t words_ = 0;
};

} // namespace roundabout
