#pragma once

#include <chrono>
#include <cstddef>

namespace roundabout::transport {

/// Bounds of one stream connection. Every one has a default that a proxy can live with; the
/// configuration's own are in config/limits.hpp.
struct StreamLimits {
    std::size_t header = std::size_t{64} * 1024;   ///< bytes of a message's header
    std::size_t message = std::size_t{256} * 1024; ///< bytes of a message, header and body
    std::size_t outbox_messages = 1024;            ///< waiting to be written
    std::size_t outbox_bytes = std::size_t{4} * 1024 * 1024;
    std::chrono::milliseconds unfinished{30'000}; ///< from a message's first byte to its last (R36)
    std::chrono::milliseconds idle{3'600'000};    ///< without a byte from the peer
    std::chrono::milliseconds keepalive{
        30'000}; ///< silence that a ping of ours follows; zero: none
    std::chrono::milliseconds keepalive_answer{10'000};
    std::chrono::milliseconds handshake{10'000}; ///< TLS and WebSocket together, inbound
    std::chrono::milliseconds last_words{2'000}; ///< to write the answer to a broken message
};

/// Bounds of a worker's listeners; the connection limits hold over all workers together.
struct ListenerLimits {
    std::size_t connections = 200'000;
    std::size_t connections_per_source = 20'000; ///< per IPv4 address or IPv6 /64
    std::size_t handshakes = 20'000;             ///< under way
    std::size_t handshakes_per_source = 2'000;
    std::chrono::milliseconds accept_pause{100}; ///< after EMFILE and the like
    int backlog = 1024;
};

/// Bounds of one UDP socket.
struct UdpLimits {
    std::size_t header = std::size_t{64} * 1024;   ///< bytes of a message's header
    std::size_t message = std::size_t{256} * 1024; ///< bytes of a message, header and body
    std::size_t queue_messages = 4096;             ///< waiting for the socket to become writable
    std::size_t queue_bytes = std::size_t{8} * 1024 * 1024;
    int receive_buffer = 4 * 1024 * 1024; ///< SO_RCVBUF asked for; the kernel may give less
    int send_buffer = 1024 * 1024;
};

} // namespace roundabout::transport
