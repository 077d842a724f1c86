#include "transport/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace roundabout::transport {
namespace {

constexpr std::string_view first_words = "PROXY ";
constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t longest_line = 107;  // version 1, CRLF included
constexpr std::size_t fixed_part = 16;     // version 2: signature, command, family, length
constexpr std::size_t longest_rest = 4096; // version 2: what the length may say
constexpr std::uint8_t crc32c_kind = 0x03; // PP2_TYPE_CRC32C
constexpr std::size_t tlv_head = 3;        // kind and length

std::uint8_t byte_at(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

std::string_view next_word(std::string_view& line) noexcept {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

std::optional<std::uint16_t> to_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return port;
}

/// An address of the family that the line names.
std::optional<IpAddress> to_address(std::string_view text, bool v6) noexcept {
    const bool looks_v6 = text.find(':') != std::string_view::npos;
    const auto address = IpAddress::parse(text);
    if (!address || looks_v6 != v6 || text.starts_with('['))
        return std::nullopt;
    return *address;
}

Result<ProxyHeader> read_line(std::string_view line) {
    line.remove_prefix(first_words.size());
    const std::string_view family = next_word(line);
    if (family == "UNKNOWN")
        return ProxyHeader{};
    if (family != "TCP4" && family != "TCP6")
        return Error::bad_proxy_header;
    const bool v6 = family == "TCP6";
    const auto source = to_address(next_word(line), v6);
    const auto destination = to_address(next_word(line), v6);
    const auto source_port = to_port(next_word(line));
    const auto destination_port = to_port(line);
    if (!source || !destination || !source_port || !destination_port)
        return Error::bad_proxy_header;
    return ProxyHeader{0, Endpoint{*source, *source_port}};
}

Result<ProxyHeader> read_version_1(std::string_view bytes) {
    const std::size_t end = bytes.find("\r\n");
    if (end != std::string_view::npos && end + 2 <= longest_line)
        return read_line(bytes.substr(0, end));
    if (end != std::string_view::npos || bytes.size() >= longest_line)
        return Error::bad_proxy_header;
    // CR and LF are yet to come, or LF alone.
    return ProxyHeader{bytes.ends_with('\r') ? std::size_t{1} : std::size_t{2}, {}};
}

/// CRC-32C (RFC 3720 §B.4) of `bytes` with the four at `blank` taken for zeros.
std::uint32_t crc32c(std::string_view bytes, std::size_t blank) noexcept {
    std::uint32_t crc = 0xFFFFFFFF;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        crc ^= i >= blank && i < blank + 4 ? 0U : byte_at(bytes, i);
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    }
    return ~crc;
}

/// The TLVs from `at` on fill the header exactly, and the CRC32c among them is right.
bool are_sound(std::string_view header, std::size_t at) noexcept {
    while (at != header.size()) {
        if (header.size() - at < tlv_head)
            return false;
        const std::size_t value = at + tlv_head;
        const std::size_t size = number_at(header, at + 1);
        if (size > header.size() - value)
            return false;
        if (byte_at(header, at) == crc32c_kind) {
            if (size != 4)
                return false;
            const std::uint32_t said =
                std::uint32_t{number_at(header, value)} << 16U | number_at(header, value + 2);
            if (said != crc32c(header, value))
                return false;
        }
        at = value + size;
    }
    return true;
}

template <std::size_t Size>
std::array<std::uint8_t, Size> copy(std::string_view bytes, std::size_t at) noexcept {
    std::array<std::uint8_t, Size> out{};
    for (std::size_t i = 0; i < Size; ++i)
        out[i] = byte_at(bytes, at + i);
    return out;
}

/// What the PROXY command says of a connection: family and protocol in one byte, then addresses.
Result<ProxyHeader> read_addresses(std::string_view header, std::uint8_t family) {
    constexpr std::size_t at = fixed_part;
    std::size_t size = 0;
    ProxyHeader said;
    switch (family) {
    case 0x00: // unspecified: whatever follows means nothing
        return said;
    case 0x11: // TCP over IPv4: two addresses, two ports
        size = 12;
        if (header.size() >= at + size)
            said.source = {IpAddress::v4(copy<4>(header, at)), number_at(header, at + 8)};
        break;
    case 0x21: // TCP over IPv6
        size = 36;
        if (header.size() >= at + size)
            said.source = {IpAddress::v6(copy<16>(header, at)), number_at(header, at + 32)};
        break;
    case 0x31: // a UNIX stream: the proxy's own machine
        size = 216;
        break;
    default:
        return Error::bad_proxy_header;
    }
    if (header.size() < at + size || !are_sound(header, at + size))
        return Error::bad_proxy_header;
    return said;
}

Result<ProxyHeader> read_version_2(std::string_view bytes) {
    if (bytes.size() < fixed_part)
        return ProxyHeader{fixed_part - bytes.size(), {}};
    const std::uint8_t version_and_command = byte_at(bytes, 12);
    const std::size_t rest = number_at(bytes, 14);
    const bool local = version_and_command == 0x20;
    if ((!local && version_and_command != 0x21) || rest > longest_rest)
        return Error::bad_proxy_header;
    if (bytes.size() < fixed_part + rest)
        return ProxyHeader{fixed_part + rest - bytes.size(), {}};
    if (local)
        return ProxyHeader{};
    return read_addresses(bytes.substr(0, fixed_part + rest), byte_at(bytes, 13));
}

bool may_become(std::string_view bytes, std::string_view prefix) noexcept {
    const std::size_t size = std::min(bytes.size(), prefix.size());
    return bytes.substr(0, size) == prefix.substr(0, size);
}

} // namespace

Result<ProxyHeader> read_proxy_header(std::string_view bytes) {
    const bool version_2 = may_become(bytes, signature);
    if (!version_2 && !may_become(bytes, first_words))
        return Error::bad_proxy_header;
    // The shortest header of either version is longer than the signature.
    if (bytes.size() < signature.size())
        return ProxyHeader{signature.size() - bytes.size(), {}};
    return version_2 ? read_version_2(bytes) : read_version_1(bytes);
}

} // namespace roundabout::transport
