#pragma once

#include "base/bytes.hpp"
#include "base/flow.hpp"
#include "base/result.hpp"
#include "transport/descriptor.hpp"
#include "transport/distribution.hpp"
#include "transport/limits.hpp"
#include "transport/recent_sends.hpp"
#include "transport/task_group.hpp"
#include "transport/udp_receiver.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace roundabout::transport {

/// What a UDP socket needs of its worker; all of it outlives the socket.
struct UdpSurroundings {
    TaskGroup& tasks;
    Distribution& distribution;
    Inbox& inbox; ///< the own worker's: where SendFailed goes
    Counters& counters;
    /// Asks for flush() at the end of this turn of the loop.
    std::function<void()> want_flush;
    /// The peer can't be reached, says ICMP: other workers may have sent to it too.
    std::function<void(ListenerIndex, const Endpoint&)> unreachable;
};

/// One worker's socket of one UDP listener. Reads as a coroutine that awaits readability and drains
/// by recvmmsg; sends are gathered and leave by sendmmsg.
///
/// STUN binding requests are answered, CRLF keepalives passed over (R38); what is not SIP goes to
/// the inbox as Refused. On a wildcard address Flow::local is the address that the peer reached,
/// and what is sent leaves from Flow::local.
class UdpSocket {
  public:
    /// A bound socket that shares its port with those of other workers (SO_REUSEPORT). Errors: the
    /// kernel's.
    static Result<std::unique_ptr<UdpSocket>> open(ListenerIndex listener, const Endpoint& bind,
                                                   const UdpLimits& limits,
                                                   const UdpSurroundings& surroundings);
    /// One that somebody else has bound. Errors: the kernel's.
    static Result<std::unique_ptr<UdpSocket>> adopt(ListenerIndex listener, Descriptor descriptor,
                                                    const UdpLimits& limits,
                                                    const UdpSurroundings& surroundings);

    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;
    ~UdpSocket();

    /// Starts reading. Once.
    void start();

    /// From now on what arrives stays in the kernel's queue, for whoever has this socket too; what
    /// is sent goes on leaving.
    void stop_reading() noexcept { reading_ = false; }

    /// From now on; its buffers stay as they are.
    void set_limits(const UdpLimits& limits) { limits_ = limits; }
    [[nodiscard]] bool is_open() const noexcept { return open_; }
    [[nodiscard]] ListenerIndex listener() const noexcept { return listener_; }
    /// For others to have a part in; -1 once it is closed.
    [[nodiscard]] int descriptor() { return open_ ? descriptor_.native_handle() : -1; }

    /// The bound address; its port is the real one where 0 was asked for.
    [[nodiscard]] const Endpoint& local() const noexcept { return local_; }
    [[nodiscard]] bool is_wildcard() const noexcept { return local_.address.is_unspecified(); }

    /// Gathers one datagram. `from` counts on a wildcard socket only; unspecified: the kernel
    /// chooses. Errors: queue_full, flow_closed.
    Result<void> send(const IpAddress& from, const Endpoint& to, Bytes bytes, Ticket ticket);

    /// Hands what was gathered to the kernel; what it does not take waits for it.
    void flush();

    /// SendFailed for the recent sends to that peer that had a ticket.
    void fail_recent(const Endpoint& peer);

    /// Sends what can be sent now, fails the rest and ends the reader.
    void close();

  private:
    struct Outgoing {
        Bytes bytes;
        Endpoint to;
        IpAddress from;
        Ticket ticket = 0;
    };
    struct SendBatch;

    UdpSocket(ListenerIndex listener, int descriptor, const UdpLimits& limits,
              const UdpSurroundings& surroundings);

    boost::asio::awaitable<void> read();
    boost::asio::awaitable<void> flush_when_writable();
    void receive(const Datagram& datagram);
    void drain();
    std::size_t read_errors();
    bool send_batch();
    void sent(std::size_t count);
    void fail_first(Error why);
    [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size() - gone_; }
    void drop_first() noexcept;

    ListenerIndex listener_;
    UdpLimits limits_;
    UdpSurroundings surroundings_;
    boost::asio::posix::stream_descriptor descriptor_;
    Endpoint local_;
    std::unique_ptr<UdpReceiver> receiver_;
    std::unique_ptr<SendBatch> batch_;
    std::vector<Outgoing> queue_; ///< its storage is used again once all has left
    std::size_t gone_ = 0;        ///< how many of `queue_` have left it
    std::size_t queued_bytes_ = 0;
    RecentSends recent_;
    unsigned refusals_ = 0; ///< of the first in the queue, each followed by pending ICMP errors
    bool flush_wanted_ = false;
    bool awaiting_writable_ = false;
    bool reading_ = true;
    bool open_ = true;
};

} // namespace roundabout::transport
