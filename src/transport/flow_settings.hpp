#pragma once

#include "base/call_hash.hpp"
#include "base/endpoint.hpp"
#include "base/transport.hpp"
#include "transport/limits.hpp"
#include "transport/tap.hpp"
#include "transport/tls_context.hpp"
#include "transport/websocket_stream.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::transport {

/// One listener, as the transport room needs it. Its position in FlowSettings::listeners is its
/// ListenerIndex.
struct ListenerSettings {
    bool closed = false;        ///< a hole: it was removed while running
    bool outgoing_only = false; ///< speaks for connections that are opened, and accepts none
    Transport transport = Transport::udp;
    Endpoint bind;
    bool serves_servers = true;       ///< may speak to trusted servers (FlowTable::listener_for)
    std::optional<TlsContext> tls;    ///< TLS and WSS: must be there
    std::string path;                 ///< WS and WSS: the only path served; empty: any
    std::vector<std::string> origins; ///< WS and WSS: allowed Origin values; empty: any
    bool proxy_protocol = false;      ///< not UDP: each connection begins with a PROXY header

    [[nodiscard]] bool accepts() const noexcept { return !closed && !outgoing_only; }
};

/// What one worker's flows go by; the same for all workers but for `worker`.
struct FlowSettings {
    std::uint16_t node = 0;
    std::uint16_t worker = 0;
    std::uint16_t workers = 1; ///< of this process
    /// By which the kernel is to spread datagrams over their sockets; empty: as it likes.
    std::optional<CallHash> call_hash;
    std::uint32_t boot = 0; ///< this process incarnation
    /// True for the address of a trusted server, whose connections to a listener that serves
    /// servers no limit is for. Called on the worker's thread; empty: nobody is.
    std::function<bool(const IpAddress&)> is_server;
    std::vector<ListenerSettings> listeners;
    /// Whose PROXY headers and X-Forwarded-For are believed; nobody else's.
    std::vector<Network> trusted_proxies;
    std::vector<TlsContext> client_contexts; ///< by ConnectTarget::tls_profile
    StreamLimits stream;
    WebSocketLimits websocket;
    ListenerLimits listener;
    UdpLimits udp;
    Tap* tap = nullptr; ///< gets copies of what is sent; null: nobody ever watches
};

} // namespace roundabout::transport
