#pragma once

#include "base/endpoint.hpp"
#include "base/transport.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace roundabout {

/// Names one connection for ever: the process incarnation (`boot`) and the worker that owns it are
/// part of the name, so an identifier that outlived its connection never names another one.
struct FlowId {
    std::uint16_t node = 0;
    std::uint16_t worker = 0;
    std::uint32_t boot = 0;
    std::uint64_t serial = 0; ///< 0: no connection (a UDP flow, or none)

    [[nodiscard]] explicit operator bool() const noexcept { return serial != 0; }
    friend bool operator==(const FlowId&, const FlowId&) noexcept = default;
    friend auto operator<=>(const FlowId&, const FlowId&) noexcept = default;
};

/// Which configured listener: its position in the configuration.
using ListenerIndex = std::uint16_t;
inline constexpr ListenerIndex no_listener = 0xFFFF;

/// A flow (RFC 5626 §3): a connection, or for UDP a pair of local and remote address.
struct Flow {
    Transport transport = Transport::udp;
    ListenerIndex listener = no_listener; ///< the listener it came in by, or that speaks for it
    Endpoint local;                       ///< our end, as the peer reaches it (never a wildcard)
    Endpoint remote;
    FlowId id;             ///< the connection; empty for UDP
    bool outgoing = false; ///< we opened it

    friend bool operator==(const Flow&, const Flow&) noexcept = default;
};

} // namespace roundabout

template <>
struct std::hash<roundabout::FlowId> {
    std::size_t operator()(const roundabout::FlowId& id) const noexcept {
        return static_cast<std::size_t>((id.serial * 0x9E3779B97F4A7C15ULL) ^
                                        (std::uint64_t{id.boot} << 32U) ^
                                        (std::uint64_t{id.worker} << 16U) ^ id.node);
    }
};
