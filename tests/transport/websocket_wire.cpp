#include "transport/websocket_wire.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

namespace roundabout::tests {
namespace {

constexpr std::array<char, 4> masking_key{'\x37', '\xfa', '\x21', '\x3d'};

void mask(std::string& payload, std::string_view with) {
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>(payload[i] ^ with[i % 4]);
}

void append_number(std::string& bytes, std::uint64_t number, int size) {
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xFFU));
}

std::uint64_t number_in(std::string_view bytes) {
    std::uint64_t number = 0;
    for (const char byte : bytes)
        number = (number << 8U) | static_cast<unsigned char>(byte);
    return number;
}

} // namespace

std::string to_wire(const WireFrame& frame) {
    std::string bytes;
    bytes.push_back(
        static_cast<char>((frame.fin ? 0x80U : 0U) | static_cast<unsigned>(frame.opcode)));
    const std::size_t size = frame.payload.size();
    const unsigned mask_bit = frame.masked ? 0x80U : 0U;
    if (size < 126) {
        bytes.push_back(static_cast<char>(mask_bit | size));
    } else if (size <= 0xFFFF) {
        bytes.push_back(static_cast<char>(mask_bit | 126U));
        append_number(bytes, size, 2);
    } else {
        bytes.push_back(static_cast<char>(mask_bit | 127U));
        append_number(bytes, size, 8);
    }
    std::string payload = frame.payload;
    if (frame.masked) {
        bytes.append(masking_key.data(), masking_key.size());
        mask(payload, std::string_view(masking_key.data(), masking_key.size()));
    }
    return bytes + payload;
}

std::string opening(std::string_view extra, std::string_view target) {
    std::string text = "GET ";
    text.append(target).append(" HTTP/1.1\r\n"
                               "Host: sip.example.com\r\n"
                               "Upgrade: websocket\r\n"
                               "Connection: Upgrade\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                               "Sec-WebSocket-Version: 13\r\n");
    return text.append(extra).append("\r\n");
}

std::string accept_value(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::array<unsigned char, 32> base64{};
    const int size = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
    return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(size)};
}

Task read_head(ByteStream& stream, std::string& head) {
    std::string byte(1, '\0');
    while (!head.ends_with("\r\n\r\n")) {
        co_await read_full(stream, byte);
        if (byte[0] == '\0')
            co_return; // read_full has reported the end
        head += byte;
        byte[0] = '\0';
    }
}

Task read_frame(ByteStream& stream, WireFrame& frame) {
    std::string head(2, '\0');
    co_await read_full(stream, head);
    frame.fin = (static_cast<unsigned char>(head[0]) & 0x80U) != 0;
    frame.opcode = static_cast<Opcode>(static_cast<unsigned char>(head[0]) & 0x0FU);
    frame.masked = (static_cast<unsigned char>(head[1]) & 0x80U) != 0;
    std::uint64_t size = static_cast<unsigned char>(head[1]) & 0x7FU;
    if (size >= 126) {
        std::string longer(size == 126 ? 2 : 8, '\0');
        co_await read_full(stream, longer);
        size = number_in(longer);
    }
    std::string with(4, '\0');
    if (frame.masked)
        co_await read_full(stream, with);
    frame.payload.assign(size, '\0');
    if (size > 0)
        co_await read_full(stream, frame.payload);
    if (frame.masked)
        mask(frame.payload, with);
}

} // namespace roundabout::tests
