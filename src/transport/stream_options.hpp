#pragma once

#include <boost/asio/ip/tcp.hpp>

namespace roundabout::transport {

/// What every stream socket of ours has: TCP_NODELAY; keepalive probes after a minute of silence,
/// so that a peer that vanished is noticed in two; TCP_USER_TIMEOUT, so that one that stops
/// acknowledging is given up after 30 seconds. Best effort: a kernel that refuses one is no fault
/// of the connection.
void set_stream_options(boost::asio::ip::tcp::socket& socket) noexcept;

} // namespace roundabout::transport
