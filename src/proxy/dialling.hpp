#pragma once

#include "base/location.hpp"
#include "config/config.hpp"
#include "proxy/services.hpp"
#include "transaction/loop/async.hpp"
#include "transport/flow_table.hpp"

#include <chrono>
#include <string>

namespace roundabout::proxy {

/// A flow to a target, and whether it is a connection that was open before.
struct Way {
    Flow flow;
    bool reused = false;
};

/// How long a connection may take, and where a large request tries TCP first (R39).
inline constexpr std::chrono::milliseconds connect_bound{5000};
inline constexpr std::chrono::milliseconds tcp_first_bound{500};

/// The UDP flow to an address; by `listener`, or by the one that serves there. Error:
/// not_listening.
[[nodiscard]] Result<Way> udp_way(const IpAddress& address, std::uint16_t port,
                                  ListenerIndex listener, Services& services);

/// How one place of a server is dialled; `host` is the one of its hosts that it belongs to.
[[nodiscard]] transport::ConnectTarget dial_of(const config::TrustedServer& server,
                                               const std::string& host, const Candidate& place);
/// How any other host is.
[[nodiscard]] transport::ConnectTarget dial_of(const std::string& host, const Candidate& place);

/// A connection, new or pooled, by the listener that speaks for it. Errors: connect_timeout, and
/// those of the transport.
[[nodiscard]] transaction::Async<Result<Way>> connect(transaction::Loop& loop, Services& services,
                                                      transport::ConnectTarget target,
                                                      std::chrono::milliseconds bound);

} // namespace roundabout::proxy
