#include "transport/udp_socket.hpp"

#include "sip/parser.hpp"
#include "transport/no_throw.hpp"
#include "transport/socket_address.hpp"
#include "transport/stun.hpp"
#include "transport/udp_options.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::transport {
namespace asio = boost::asio;
namespace {

constexpr std::size_t gather = 32;        // datagrams a sendmmsg
constexpr std::size_t batches_a_wake = 8; // then other handlers have their turn
constexpr unsigned most_refusals = 8;

// CRLF (RFC 5626 §4.4.1 sends it on streams, many on UDP too), zero bytes and empty datagrams keep
// a NAT binding alive and mean nothing else.
bool is_keepalive(std::string_view bytes) noexcept {
    return bytes.size() <= 8 &&
           bytes.find_first_not_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

} // namespace

/// The arrays behind one sendmmsg. They stay with the socket: a batch is mostly one datagram, and
/// 8 kB would be cleared for it.
struct UdpSocket::SendBatch {
    using Control = std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))>;
    struct Parts {
        SocketAddress peer;
        iovec bytes{};
        alignas(cmsghdr) Control control{};
    };

    std::array<Parts, gather> parts;
    std::array<mmsghdr, gather> heads{};

    void set(std::size_t at, const Outgoing& outgoing, bool say_source) {
        const std::string_view bytes = outgoing.bytes.view();
        Parts& own = parts[at];
        own.peer = to_socket_address(outgoing.to);
        // sendmsg reads through this pointer only.
        own.bytes = {const_cast<char*>(bytes.data()), bytes.size()};
        msghdr& head = heads[at].msg_hdr;
        head = {};
        head.msg_name = &own.peer.storage;
        head.msg_namelen = own.peer.size;
        head.msg_iov = &own.bytes;
        head.msg_iovlen = 1;
        if (say_source && !outgoing.from.is_unspecified() &&
            outgoing.from.is_v4() == outgoing.to.address.is_v4())
            set_source(head, own.control, outgoing.from);
    }

    static void set_source(msghdr& head, Control& control, const IpAddress& from) {
        head.msg_control = control.data();
        head.msg_controllen = control.size();
        cmsghdr* item = CMSG_FIRSTHDR(&head);
        if (from.is_v4()) {
            in_pktinfo info{};
            std::memcpy(&info.ipi_spec_dst, from.bytes().data(), 4);
            item->cmsg_level = IPPROTO_IP;
            item->cmsg_type = IP_PKTINFO;
            item->cmsg_len = CMSG_LEN(sizeof info);
            std::memcpy(CMSG_DATA(item), &info, sizeof info);
            head.msg_controllen = CMSG_SPACE(sizeof info);
        } else {
            in6_pktinfo info{};
            std::memcpy(&info.ipi6_addr, from.bytes().data(), 16);
            item->cmsg_level = IPPROTO_IPV6;
            item->cmsg_type = IPV6_PKTINFO;
            item->cmsg_len = CMSG_LEN(sizeof info);
            std::memcpy(CMSG_DATA(item), &info, sizeof info);
            head.msg_controllen = CMSG_SPACE(sizeof info);
        }
    }
};

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(ListenerIndex listener, const Endpoint& bind,
                                                   const UdpLimits& limits,
                                                   const UdpSurroundings& surroundings) {
    const Result<int> descriptor = open_udp(bind, limits);
    if (!descriptor)
        return descriptor.error();
    return std::unique_ptr<UdpSocket>(new UdpSocket(listener, *descriptor, limits, surroundings));
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::adopt(ListenerIndex listener, Descriptor descriptor,
                                                    const UdpLimits& limits,
                                                    const UdpSurroundings& surroundings) {
    if (const Result<void> adopted = adopt_udp(descriptor.get(), limits); !adopted)
        return adopted.error();
    return std::unique_ptr<UdpSocket>(
        new UdpSocket(listener, descriptor.release(), limits, surroundings));
}

UdpSocket::UdpSocket(ListenerIndex listener, int descriptor, const UdpLimits& limits,
                     const UdpSurroundings& surroundings)
    : listener_(listener)
    , limits_(limits)
    , surroundings_(surroundings)
    , descriptor_(surroundings.tasks.io(), descriptor)
    , local_(local_endpoint(descriptor))
    , receiver_(std::make_unique<UdpReceiver>())
    , batch_(std::make_unique<SendBatch>()) {}

UdpSocket::~UdpSocket() = default;

void UdpSocket::start() { surroundings_.tasks.spawn(read()); }

asio::awaitable<void> UdpSocket::read() {
    while (open_ && reading_) {
        const auto [error] =
            co_await descriptor_.async_wait(asio::posix::descriptor_base::wait_read, no_throw);
        if (!open_ || !reading_ || error == asio::error::operation_aborted)
            break;
        drain();
    }
}

void UdpSocket::drain() {
    for (std::size_t round = 0; round < batches_a_wake; ++round) {
        const int count = receiver_->receive(descriptor_.native_handle());
        if (count <= 0) {
            // Either nothing is left, or an ICMP error came first: it stands in the error queue,
            // which must be emptied or it would wake us for ever.
            const bool drained = count == 0 || errno == EAGAIN || errno == EWOULDBLOCK;
            const std::size_t errors = read_errors();
            if (drained || errors == 0) {
                if (!drained)
                    surroundings_.counters.udp_read_errors.add();
                break;
            }
            continue;
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
            receive(receiver_->at(i));
        if (static_cast<std::size_t>(count) < UdpReceiver::batch)
            break;
    }
    surroundings_.distribution.flush();
}

void UdpSocket::receive(const Datagram& datagram) {
    if (is_keepalive(datagram.bytes)) {
        surroundings_.counters.keepalives.add();
        return;
    }
    const IpAddress& reached = is_wildcard() ? datagram.local : local_.address;
    if (is_stun(datagram.bytes)) {
        if (std::string answer = answer_stun(datagram.bytes, datagram.remote); !answer.empty()) {
            surroundings_.counters.stun_answered.add();
            static_cast<void>(send(reached, datagram.remote, Bytes(std::move(answer)), 0));
        }
        return;
    }
    const Flow flow{Transport::udp, listener_, {reached, local_.port}, datagram.remote, {}, false};
    Result<sip::Message> message =
        sip::index_message(std::string(datagram.bytes), sip::Framing::datagram);
    if (!message)
        surroundings_.distribution.refuse(flow, to_error(message.error()));
    else if (datagram.bytes.size() > limits_.message || message->headers_end() > limits_.header)
        surroundings_.distribution.refuse(flow, Error::message_too_large);
    else
        surroundings_.distribution.add(std::move(*message), flow);
}

std::size_t UdpSocket::read_errors() {
    std::vector<Endpoint> peers;
    const std::size_t count = read_error_queue(descriptor_.native_handle(), peers);
    surroundings_.counters.udp_unreachable.add(peers.size());
    std::ranges::sort(peers);
    const auto repeated = std::ranges::unique(peers);
    peers.erase(repeated.begin(), repeated.end());
    for (const Endpoint& peer : peers) {
        fail_recent(peer);
        surroundings_.unreachable(listener_, peer);
    }
    return count;
}

void UdpSocket::fail_recent(const Endpoint& peer) {
    recent_.take(peer, [this](Ticket ticket) {
        surroundings_.counters.send_failures.add();
        surroundings_.inbox.put(SendFailed{ticket, Error::send_failed});
    });
}

Result<void> UdpSocket::send(const IpAddress& from, const Endpoint& to, Bytes bytes,
                             Ticket ticket) {
    if (!open_)
        return Error::flow_closed;
    if (waiting() >= limits_.queue_messages || queued_bytes_ + bytes.size() > limits_.queue_bytes) {
        surroundings_.counters.udp_queue_drops.add();
        return Error::queue_full;
    }
    queued_bytes_ += bytes.size();
    queue_.push_back({std::move(bytes), to, from, ticket});
    if (awaiting_writable_)
        return {};
    if (waiting() >= gather) {
        flush();
    } else if (!flush_wanted_) {
        flush_wanted_ = true;
        surroundings_.want_flush();
    }
    return {};
}

void UdpSocket::flush() {
    flush_wanted_ = false;
    if (awaiting_writable_ || !open_)
        return;
    while (waiting() > 0) {
        if (!send_batch()) {
            awaiting_writable_ = true;
            surroundings_.tasks.spawn(flush_when_writable());
            return;
        }
    }
}

// False if the socket takes nothing now.
bool UdpSocket::send_batch() {
    const std::size_t count = std::min(waiting(), gather);
    for (std::size_t i = 0; i < count; ++i)
        batch_->set(i, queue_[gone_ + i], is_wildcard());
    const int taken = ::sendmmsg(descriptor_.native_handle(), batch_->heads.data(),
                                 static_cast<unsigned>(count), MSG_DONTWAIT);
    if (taken > 0) {
        sent(static_cast<std::size_t>(taken));
        return true;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK)
        return false;
    if (error == EINTR)
        return true;
    // ENOBUFS, with IP_RECVERR, is a datagram lost at the interface's queue; waiting for the socket
    // would not help. A pending ICMP error about an earlier datagram, perhaps to another peer, is
    // reported by the next call on the socket: take it off, and try this one again.
    if (read_errors() > 0 && ++refusals_ < most_refusals)
        return true;
    fail_first(Error::send_failed);
    return true;
}

void UdpSocket::sent(std::size_t count) {
    refusals_ = 0;
    surroundings_.counters.sent.add(count);
    for (; count > 0; --count) {
        const Outgoing& first = queue_[gone_];
        if (first.ticket != 0)
            recent_.remember(first.to, first.ticket);
        drop_first();
    }
}

/// O(1) amortised: what has left is cleared away once it is all, or most of a long queue.
void UdpSocket::drop_first() noexcept {
    Outgoing& first = queue_[gone_++];
    queued_bytes_ -= first.bytes.size();
    first.bytes = {};
    if (gone_ < queue_.size() && (gone_ < batches_a_wake * gather || gone_ < queue_.size() / 2))
        return;
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(gone_));
    gone_ = 0;
}

void UdpSocket::fail_first(Error why) {
    refusals_ = 0;
    surroundings_.counters.send_failures.add();
    if (const Ticket ticket = queue_[gone_].ticket; ticket != 0)
        surroundings_.inbox.put(SendFailed{ticket, why});
    drop_first();
}

asio::awaitable<void> UdpSocket::flush_when_writable() {
    const auto [error] =
        co_await descriptor_.async_wait(asio::posix::descriptor_base::wait_write, no_throw);
    awaiting_writable_ = false;
    if (!error)
        flush();
}

void UdpSocket::close() {
    if (!open_)
        return;
    while (waiting() > 0 && send_batch()) {
    }
    while (waiting() > 0)
        fail_first(Error::flow_closed);
    open_ = false;
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

} // namespace roundabout::transport
