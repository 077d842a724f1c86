#include "base/transport.hpp"

#include "base/ascii.hpp"

#include <array>

namespace roundabout {
namespace {

struct Names {
    std::string_view name, via, parameter;
    std::uint16_t port;
};

constexpr std::array<Names, 5> names{{{"udp", "UDP", "udp", 5060},
                                      {"tcp", "TCP", "tcp", 5060},
                                      {"tls", "TLS", "tls", 5061},
                                      {"ws", "WS", "ws", 80},
                                      {"wss", "WSS", "ws", 443}}};

constexpr const Names& of(Transport transport) noexcept {
    return names[static_cast<std::size_t>(transport)];
}

} // namespace

std::string_view name(Transport transport) noexcept { return of(transport).name; }
std::string_view via_name(Transport transport) noexcept { return of(transport).via; }
std::string_view uri_parameter(Transport transport) noexcept { return of(transport).parameter; }
std::uint16_t default_port(Transport transport) noexcept { return of(transport).port; }

Result<Transport> parse_transport(std::string_view word) noexcept {
    for (const Transport transport : all_transports) {
        if (ascii::iequals(word, name(transport)))
            return transport;
    }
    return Error::bad_transport;
}

} // namespace roundabout
