#pragma once

#include "base/endpoint.hpp"
#include "base/transport.hpp"
#include "transport/limits.hpp"
#include "transport/tls_context.hpp"
#include "transport/websocket_stream.hpp"

#include <optional>
#include <string>
#include <vector>

namespace roundabout::transport {

/// One listener, as the transport room needs it. Its position in FlowSettings::listeners is its
/// ListenerIndex.
struct ListenerSettings {
    Transport transport = Transport::udp;
    Endpoint bind;
    bool serves_servers = true;       ///< may speak to trusted servers (FlowTable::listener_for)
    std::optional<TlsContext> tls;    ///< TLS and WSS: must be there
    std::string path;                 ///< WS and WSS: the only path served; empty: any
    std::vector<std::string> origins; ///< WS and WSS: allowed Origin values; empty: any
};

/// What one worker's flows go by; the same for all workers but for `worker`.
struct FlowSettings {
    std::uint16_t node = 0;
    std::uint16_t worker = 0;
    std::uint32_t boot = 0; ///< this process incarnation
    std::vector<ListenerSettings> listeners;
    std::vector<TlsContext> client_contexts; ///< by ConnectTarget::tls_profile
    StreamLimits stream;
    WebSocketLimits websocket;
    ListenerLimits listener;
    UdpLimits udp;
};

} // namespace roundabout::transport
