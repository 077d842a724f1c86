#pragma once

#include <atomic>
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
    [[nodiscard]] std::uint64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t> value_{0};
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
    Counter keepalives;    ///< CRLF in either form, and empty or all-zero datagrams

    // UDP.
    Counter udp_queue_drops; ///< the bounded queue behind a full socket was full
    Counter udp_unreachable; ///< ICMP errors about a datagram that we sent
    Counter udp_read_errors;
    Counter stun_answered;

    // Streams.
    Counter accepted;
    Counter accept_pauses; ///< the accept loop rested: no descriptors or memory
    Counter accept_limit;  ///< closed at once: a connection limit
    Counter handshake_failures;
    Counter connects;
    Counter connect_failures;
    Counter connections; ///< open now
    Counter closed;
    Counter closed_slow; ///< the peer did not read
    Counter closed_idle;
    Counter closed_unfinished; ///< a message was begun and never ended
    Counter closed_broken;     ///< the framing could not be followed

    Counter posted;     ///< sends handed to the worker that owns the connection
    Counter unexpected; ///< exceptions that ended a coroutine: defects
};

} // namespace roundabout::transport
