#pragma once

#include "transport/tls_loopback.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace roundabout::tests {

// The WebSocket protocol by hand (RFC 6455), independent of the library under test.

enum class Opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10
};

struct WireFrame {
    Opcode opcode = Opcode::text;
    bool fin = true;
    bool masked = true;
    std::string payload;
};

/// The bytes of one frame; masked with a fixed key.
[[nodiscard]] std::string to_wire(const WireFrame& frame);

/// A browser's opening handshake; `extra` are whole header lines.
[[nodiscard]] std::string opening(std::string_view extra = "Sec-WebSocket-Protocol: sip\r\n",
                                  std::string_view target = "/");

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 §4.2.2).
[[nodiscard]] std::string accept_value(std::string_view key);

/// Reads up to and including the blank line.
Task read_head(ByteStream& stream, std::string& head);
/// Reads one frame and takes its mask off.
Task read_frame(ByteStream& stream, WireFrame& frame);

} // namespace roundabout::tests
