#pragma once

#include "base/transport.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace roundabout::transport {

/// Written by one worker, read by anybody: relaxed, no read-modify-write instruction.
class Counter {
  public:
    void add(std::uint64_t count = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t count = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) - count, std::memory_order_relaxed);
    }
    void set(std::uint64_t count) noexcept { value_.store(count, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t> value_{0};
};

/// The connections of one transport.
struct StreamCounters {
    Counter accepted;          ///< that others opened
    Counter handshakes;        ///< of those, done: PROXY header, TLS, WebSocket
    Counter handshakes_failed; ///< of those, not: refused, broken, too late
    Counter connected;         ///< that we opened, handshakes done
    Counter connects_failed;   ///< refused, too late, or their handshakes failed
    Counter open;              ///< now, either way
};

/// What one worker's transport room counted since the start. Only the owning worker writes.
struct Counters {
    // Messages, all transports.
    Counter received;      ///< SIP messages put into an inbox, this worker's or another's
    Counter sent;          ///< messages that the kernel took
    Counter steered;       ///< datagrams handed to another worker
    Counter refused;       ///< whole datagrams or messages that were not SIP
    Counter inbox_full;    ///< messages lost because a worker's inbox was full
    Counter send_failures; ///< messages that could not be written
    Counter keepalives;    ///< received: CRLF in either form, and empty or all-zero datagrams

    // UDP.
    Counter udp_queue_drops; ///< the bounded queue behind a full socket was full
    Counter udp_not_steered; ///< groups of sockets that the kernel does not spread by Call-ID
    Counter udp_unreachable; ///< ICMP errors about a datagram that we sent
    Counter udp_read_errors;
    Counter stun_answered;

    // Streams.
    Counter accepted;
    Counter accept_pauses; ///< the accept loop rested: no descriptors or memory
    Counter accept_limit;  ///< closed at once: too many connections in all
    Counter accept_limit_source;
    Counter handshake_limit; ///< closed at once: too many handshakes under way in all
    Counter handshake_limit_source;
    Counter handshake_failures;
    Counter handshake_timeouts;
    Counter proxies_refused; ///< not from a trusted proxy, or what it said was not to be read
    Counter connects;
    Counter connect_failures;
    Counter connects_borrowed; ///< answered by a connection that the peer had opened (R40)
    Counter connections;       ///< open now
    Counter closed;
    Counter closed_slow; ///< the peer did not read
    Counter closed_idle;
    Counter pings;             ///< keepalives of our own on TCP and TLS
    Counter closed_unanswered; ///< one was not answered in time
    Counter closed_unfinished; ///< a message was begun and never ended
    Counter closed_broken;     ///< the framing could not be followed

    Counter posted;     ///< sends handed to the worker that owns the connection
    Counter mail_full;  ///< what another worker had no room for: sends, keepalives, ICMP errors
    Counter unexpected; ///< exceptions that ended a coroutine: defects

    std::array<StreamCounters, all_transports.size()> by_transport; ///< nothing for UDP
    [[nodiscard]] StreamCounters& of(Transport transport) noexcept {
        return by_transport[static_cast<std::size_t>(transport)];
    }
};

} // namespace roundabout::transport
