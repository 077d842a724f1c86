#pragma once

#include "base/siphash.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace roundabout {

/// What a Call-ID is worth when datagrams are spread over workers: the same here and in the kernel,
/// which computes it before anybody reads (transport/udp_steering.hpp), so it is made of little.
/// Keyed, so that nobody outside knows where a Call-ID goes.
struct CallHash {
    /// How many bytes of a Call-ID count.
    static constexpr std::size_t most_bytes = 24;
    static constexpr std::uint32_t factor = 0x01000193;
    static constexpr std::uint32_t last_factor = 0x2c1b3c6d;
    static constexpr unsigned first_shift = 15;
    static constexpr unsigned last_shift = 12;

    std::uint32_t seed = 0;

    explicit CallHash(const HashKey& key) noexcept
        : seed(static_cast<std::uint32_t>(key[0])) {}

    /// FNV-1a of the first bytes, up to white space if there is any, with its bits mixed.
    [[nodiscard]] constexpr std::uint32_t operator()(std::string_view call_id) const noexcept {
        std::uint32_t hash = seed;
        for (const char byte : call_id.substr(0, most_bytes)) {
            const auto code = static_cast<unsigned char>(byte);
            if (code <= ' ')
                break;
            hash = (hash ^ code) * factor;
        }
        hash ^= hash >> first_shift;
        hash *= last_factor;
        return hash ^ hash >> last_shift;
    }
};

} // namespace roundabout
