#include "transport/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace roundabout::transport {
namespace {

std::size_t ascii_prefix(std::string_view bytes) noexcept {
    std::size_t at = 0;
    for (; at + sizeof(std::uint64_t) <= bytes.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        if ((word & 0x8080808080808080U) != 0)
            break;
    }
    while (at < bytes.size() && static_cast<unsigned char>(bytes[at]) < 0x80)
        ++at;
    return at;
}

/// The size of the well-formed character of several bytes that `bytes` begins with; 0 if there is
/// none. RFC 3629 §4: the second byte's range depends on the first.
std::size_t long_character(std::string_view bytes) noexcept {
    const auto byte = [bytes](std::size_t at) -> unsigned {
        return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    const auto is_tail = [](unsigned value) { return value >= 0x80 && value <= 0xBF; };
    const unsigned first = byte(0);
    if (first >= 0xC2 && first <= 0xDF)
        return is_tail(byte(1)) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned least = first == 0xE0 ? 0xA0 : 0x80;
        const unsigned most = first == 0xED ? 0x9F : 0xBF;
        return byte(1) >= least && byte(1) <= most && is_tail(byte(2)) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned least = first == 0xF0 ? 0x90 : 0x80;
        const unsigned most = first == 0xF4 ? 0x8F : 0xBF;
        return byte(1) >= least && byte(1) <= most && is_tail(byte(2)) && is_tail(byte(3)) ? 4 : 0;
    }
    return 0;
}

} // namespace

bool is_utf8(std::string_view bytes) noexcept {
    for (;;) {
        bytes.remove_prefix(ascii_prefix(bytes));
        if (bytes.empty())
            return true;
        const std::size_t size = long_character(bytes);
        if (size == 0)
            return false;
        bytes.remove_prefix(size);
    }
}

} // namespace roundabout::transport
