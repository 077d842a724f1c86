#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace roundabout {

/// The five transports. WS and WSS are those of RFC 7118.
enum class Transport : std::uint8_t { udp, tcp, tls, ws, wss };

inline constexpr std::array all_transports{Transport::udp, Transport::tcp, Transport::tls,
                                           Transport::ws, Transport::wss};

/// As it stands in the configuration and in logs: "udp", "tcp", "tls", "ws", "wss".
[[nodiscard]] std::string_view name(Transport transport) noexcept;

/// As it stands in a Via: "UDP", "TCP", "TLS", "WS", "WSS" (RFC 3261 §20.42, RFC 7118 §5.2).
[[nodiscard]] std::string_view via_name(Transport transport) noexcept;

/// The value of a URI's `transport` parameter: "udp", "tcp", "tls", and "ws" for both WS and WSS
/// (RFC 7118 §5.2: there is no `transport=wss`; the port decides).
[[nodiscard]] std::string_view uri_parameter(Transport transport) noexcept;

/// From a configuration's or a Via's word, in any case. Error: bad_transport.
[[nodiscard]] Result<Transport> parse_transport(std::string_view word) noexcept;

/// 5060 for UDP and TCP, 5061 for TLS, 80 for WS, 443 for WSS.
[[nodiscard]] std::uint16_t default_port(Transport transport) noexcept;

/// True where the transport delivers by itself, so that RFC 3261 §17 retransmits nothing.
[[nodiscard]] constexpr bool is_reliable(Transport transport) noexcept {
    return transport != Transport::udp;
}
[[nodiscard]] constexpr bool is_secure(Transport transport) noexcept {
    return transport == Transport::tls || transport == Transport::wss;
}
[[nodiscard]] constexpr bool is_websocket(Transport transport) noexcept {
    return transport == Transport::ws || transport == Transport::wss;
}

} // namespace roundabout
