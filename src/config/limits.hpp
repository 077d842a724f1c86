#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace roundabout::config {

/// Bounds on what others may use up, `[limits]`. The defaults suit a proxy that anybody on the
/// internet can reach. Numbers "in all" hold over all workers together.
struct Limits {
    using Milliseconds = std::chrono::milliseconds;

    // Messages.
    std::uint64_t message = std::uint64_t{256} * 1024;    ///< bytes, header and body
    std::uint64_t header = std::uint64_t{64} * 1024;      ///< bytes of the header alone
    std::uint64_t http_header = std::uint64_t{16} * 1024; ///< bytes of a WebSocket handshake
    Milliseconds message_time{30'000}; ///< from a message's first byte to its last, on a stream

    // Connections that others open.
    std::uint64_t connections = 100'000;
    std::uint64_t connections_per_source = 2'000; ///< per IPv4 address or IPv6 /64
    std::uint64_t handshakes = 5'000;             ///< under way: PROXY header, TLS, WebSocket
    std::uint64_t handshakes_per_source = 500;
    Milliseconds handshake_time{10'000};      ///< for all of them together
    Milliseconds idle_time{3'600'000};        ///< TCP and TLS: without a byte from the peer
    Milliseconds websocket_idle_time{60'000}; ///< WS and WSS: without a frame; pinged at half
    Milliseconds answer_time{2'000};          ///< to write the answer to a broken message

    // Keepalives of our own (RFC 5626 §4.4.1). An interval of 0: none.
    Milliseconds keepalive_interval{30'000};     ///< TCP and TLS: silence that a ping follows
    Milliseconds keepalive_answer_time{10'000};  ///< for a peer that is known to answer
    Milliseconds udp_keepalive_interval{25'000}; ///< between datagrams to a client behind a NAT

    // Messages and transactions.
    std::uint64_t transactions =
        500'000;                    ///< server transactions that are kept; a worker has its part
    std::uint64_t retry_after = 10; ///< seconds, in the 503 beyond that
    std::uint64_t messages_per_source = 100; ///< requests a second, of who is not known
    std::uint64_t messages_burst = 1'000;
    std::uint64_t client_messages = 0; ///< requests a second of one registered client; 0: any
    std::uint64_t client_burst = 500;
    std::uint64_t sources = 65'536; ///< for how many the two rates are kept

    // What waits to be written.
    std::uint64_t queue_messages = 1024; ///< of one connection
    std::uint64_t queue_bytes = std::uint64_t{4} << 20U;
    std::uint64_t udp_queue_messages = 4096; ///< of one worker's socket
    std::uint64_t udp_queue_bytes = std::uint64_t{8} << 20U;

    // The system's own queues.
    std::uint64_t udp_receive_buffer = std::uint64_t{4} << 20U; ///< asked for; it may give less
    std::uint64_t udp_send_buffer = std::uint64_t{1} << 20U;
    std::uint64_t backlog = 1024;   ///< connections that wait to be accepted
    Milliseconds accept_pause{100}; ///< after running out of descriptors or memory

    /// udp_keepalive_interval in whole seconds, as bindings keep what was found below it.
    [[nodiscard]] std::uint16_t udp_keepalive_seconds() const noexcept {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
            std::min<Milliseconds>(udp_keepalive_interval, std::chrono::hours(18)));
        return static_cast<std::uint16_t>(seconds.count());
    }

    friend bool operator==(const Limits&, const Limits&) = default;
};

} // namespace roundabout::config
