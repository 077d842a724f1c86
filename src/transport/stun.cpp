#include "transport/stun.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace roundabout::transport {
namespace {

constexpr std::uint32_t magic_cookie = 0x2112A442; // RFC 8489 §5
constexpr std::size_t header_size = 20;
constexpr std::size_t attribute_head = 4;

// Method Binding (0x001) with the class bits of §5: request 0b00, success 0b10, error 0b11.
constexpr std::uint16_t binding_request = 0x0001;
constexpr std::uint16_t binding_success = 0x0101;
constexpr std::uint16_t binding_error = 0x0111;

// Attribute types, RFC 8489 §18.3. Those below 0x8000 must be understood.
constexpr std::uint16_t username = 0x0006;
constexpr std::uint16_t message_integrity = 0x0008;
constexpr std::uint16_t error_code = 0x0009;
constexpr std::uint16_t unknown_attributes = 0x000A;
constexpr std::uint16_t realm = 0x0014;
constexpr std::uint16_t nonce = 0x0015;
constexpr std::uint16_t message_integrity_sha256 = 0x001C;
constexpr std::uint16_t password_algorithm = 0x001D;
constexpr std::uint16_t userhash = 0x001E;
constexpr std::uint16_t xor_mapped_address = 0x0020;
constexpr std::uint16_t first_optional = 0x8000;
constexpr std::uint16_t fingerprint = 0x8028;
constexpr std::uint32_t fingerprint_mask = 0x5354554E; // §14.7

constexpr std::size_t unknown_listed = 16; // keeps the answer to a hostile request short

std::uint8_t byte_at(std::string_view text, std::size_t at) noexcept {
    return static_cast<std::uint8_t>(text[at]);
}
std::uint16_t read16(std::string_view text, std::size_t at) noexcept {
    return static_cast<std::uint16_t>((byte_at(text, at) << 8U) | byte_at(text, at + 1));
}
std::uint32_t read32(std::string_view text, std::size_t at) noexcept {
    return (std::uint32_t{read16(text, at)} << 16U) | read16(text, at + 2);
}
void put16(std::string& out, std::uint32_t value) {
    out.push_back(static_cast<char>((value >> 8U) & 0xFFU));
    out.push_back(static_cast<char>(value & 0xFFU));
}
void put32(std::string& out, std::uint32_t value) {
    put16(out, value >> 16U);
    put16(out, value & 0xFFFFU);
}
void set_length(std::string& out, std::size_t body) {
    out[2] = static_cast<char>((body >> 8U) & 0xFFU);
    out[3] = static_cast<char>(body & 0xFFU);
}

// CRC-32 of ITU-T V.42, as §14.7 names it: reflected polynomial 0xEDB88320.
constexpr std::array<std::uint32_t, 256> crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
        table[i] = value;
    }
    return table;
}();

std::uint32_t crc32(std::string_view text) noexcept {
    std::uint32_t value = 0xFFFFFFFFU;
    for (const char c : text)
        value = (value >> 8U) ^ crc_table[(value ^ static_cast<std::uint8_t>(c)) & 0xFFU];
    return value ^ 0xFFFFFFFFU;
}

bool is_understood(std::uint16_t type) noexcept {
    switch (type) {
    case username:
    case message_integrity:
    case realm:
    case nonce:
    case message_integrity_sha256:
    case password_algorithm:
    case userhash:
        return true;
    default:
        return type >= first_optional;
    }
}

struct Request {
    std::vector<std::uint16_t> unknown;
    bool fingerprint = false;
};

// Walks the attributes; nothing where they don't add up to the length the header gives.
std::optional<Request> read_request(std::string_view datagram) {
    Request request;
    std::size_t at = header_size;
    while (at < datagram.size()) {
        if (datagram.size() - at < attribute_head)
            return std::nullopt;
        const std::uint16_t type = read16(datagram, at);
        const std::size_t size = read16(datagram, at + 2);
        const std::size_t padded = (size + 3) / 4 * 4;
        if (datagram.size() - at - attribute_head < padded)
            return std::nullopt;
        if (type == fingerprint) {
            // It is the last attribute and covers all that stands before it.
            const std::uint32_t expected = crc32(datagram.substr(0, at)) ^ fingerprint_mask;
            if (size != 4 || at + attribute_head + 4 != datagram.size() ||
                read32(datagram, at + attribute_head) != expected)
                return std::nullopt;
            request.fingerprint = true;
        } else if (!is_understood(type) && request.unknown.size() < unknown_listed) {
            request.unknown.push_back(type);
        }
        at += attribute_head + padded;
    }
    return request;
}

void put_xor_mapped_address(std::string& out, const Endpoint& source, std::string_view request) {
    const std::size_t size = source.address.size();
    put16(out, xor_mapped_address);
    put16(out, static_cast<std::uint32_t>(4 + size));
    put16(out, source.address.is_v4() ? 0x0001U : 0x0002U);
    put16(out, source.port ^ (magic_cookie >> 16U));
    // The key is the magic cookie, for IPv6 with the transaction id behind it: the request's bytes
    // 4 to 19 in both cases.
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(static_cast<char>(source.address.bytes()[i] ^ byte_at(request, 4 + i)));
}

void put_unknown(std::string& out, const std::vector<std::uint16_t>& unknown) {
    constexpr std::string_view reason = "Unknown Attribute"; // 17 bytes
    put16(out, error_code);
    put16(out, static_cast<std::uint32_t>(4 + reason.size()));
    put32(out, (4U << 8U) | 20U); // class 4, number 20
    out.append(reason);
    out.append((4 - reason.size() % 4) % 4, '\0');
    put16(out, unknown_attributes);
    put16(out, static_cast<std::uint32_t>(unknown.size() * 2));
    for (const std::uint16_t type : unknown)
        put16(out, type);
    if (unknown.size() % 2 != 0)
        put16(out, 0);
}

} // namespace

bool is_stun(std::string_view datagram) noexcept {
    return datagram.size() >= header_size && (byte_at(datagram, 0) & 0xC0U) == 0 &&
           read32(datagram, 4) == magic_cookie;
}

std::string answer_stun(std::string_view datagram, const Endpoint& source) {
    if (!is_stun(datagram) || read16(datagram, 0) != binding_request ||
        read16(datagram, 2) != datagram.size() - header_size || datagram.size() % 4 != 0)
        return {};
    const std::optional<Request> request = read_request(datagram);
    if (!request)
        return {};
    std::string out;
    out.reserve(96);
    put16(out, request->unknown.empty() ? binding_success : binding_error);
    put16(out, 0);
    out.append(datagram.substr(4, 16));
    if (request->unknown.empty())
        put_xor_mapped_address(out, source, datagram);
    else
        put_unknown(out, request->unknown);
    set_length(out, out.size() - header_size);
    if (request->fingerprint) {
        // The length counts the fingerprint before it is computed.
        set_length(out, out.size() - header_size + 8);
        const std::uint32_t value = crc32(out) ^ fingerprint_mask;
        put16(out, fingerprint);
        put16(out, 4);
        put32(out, value);
    }
    return out;
}

} // namespace roundabout::transport
