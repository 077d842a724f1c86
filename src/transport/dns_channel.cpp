#include "transport/dns_channel.hpp"

#include <ares.h>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <netinet/in.h>
#include <unordered_map>
#include <utility>

namespace roundabout::transport {
namespace {

namespace asio = boost::asio;

// A socket that c-ares opened and will close itself; the descriptor only watches it.
struct WatchedSocket {
    WatchedSocket(asio::io_context& context, int fd)
        : descriptor(context, fd) {}
    ~WatchedSocket() { unwatch(); }
    WatchedSocket(const WatchedSocket&) = delete;
    WatchedSocket& operator=(const WatchedSocket&) = delete;

    void unwatch() {
        if (descriptor.is_open())
            descriptor.release();
    }

    asio::posix::stream_descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool awaits_read = false;
    bool awaits_write = false;
};

IpAddress address_of(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
        return IpAddress::v4(bytes);
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return IpAddress::v6(bytes);
}

// 0.0.0.0 and :: are how some resolvers say "blocked"; to dial them would reach ourselves.
Result<DnsAnswer> answer_of(const ares_addrinfo& info) {
    DnsAnswer answer;
    answer.ttl = std::chrono::seconds::max();
    for (const int family : {AF_INET, AF_INET6}) {
        for (const ares_addrinfo_node* node = info.nodes; node != nullptr; node = node->ai_next) {
            if (node->ai_family != family)
                continue;
            const IpAddress address = address_of(node->ai_addr);
            if (address.is_unspecified())
                continue;
            answer.records.addresses.push_back(address);
            answer.ttl = std::min(answer.ttl, std::chrono::seconds(std::max(0, node->ai_ttl)));
        }
    }
    for (const ares_addrinfo_cname* alias = info.cnames; alias != nullptr; alias = alias->next)
        answer.ttl = std::min(answer.ttl, std::chrono::seconds(std::max(0, alias->ttl)));
    if (answer.records.addresses.empty())
        return Error::resolve_failed;
    return answer;
}

// RFC 1035 §3.2.4, RFC 2782, RFC 3403 §4.
constexpr int class_in = 1;
constexpr int type_srv = 33;
constexpr int type_naptr = 35;

struct AskedRecords {
    DnsQuestion question;
    DnsChannel::Done done;
};

bool library_is_ready() {
    static const bool ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
    return ready;
}

class AresChannel final : public DnsChannel {
  public:
    explicit AresChannel(asio::io_context& context)
        : context_(context)
        , timer_(context) {}
    ~AresChannel() override;
    AresChannel(const AresChannel&) = delete;
    AresChannel& operator=(const AresChannel&) = delete;

    Result<void> open(const DnsChannelSettings& settings);
    void query(const DnsQuestion& question, Done done) override;

  private:
    // Outlives the channel in the handlers that still wait; what tells them that it is gone.
    struct Anchor {
        AresChannel* channel = nullptr;
    };
    using Socket = std::shared_ptr<WatchedSocket>;

    static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable);
    static void on_addresses(void* done, int status, int timeouts, ares_addrinfo* info);
    static void on_message(void* asked, int status, int timeouts, unsigned char* message, int size);

    void query_addresses(const std::string& host, Done done);
    void query_records(const DnsQuestion& question, Done done);

    void watch(int fd, bool readable, bool writable);
    void await_events(int fd, const Socket& socket);
    void on_event(int fd, const Socket& socket, ares_socket_t readable, ares_socket_t writable);
    void keep_time();

    asio::io_context& context_;
    ares_channel channel_ = nullptr;
    std::unordered_map<int, Socket> sockets_;
    asio::steady_timer timer_;
    std::shared_ptr<Anchor> anchor_ = std::make_shared<Anchor>(Anchor{this});
};

AresChannel::~AresChannel() {
    anchor_->channel = nullptr;
    if (channel_ != nullptr)
        ares_destroy(channel_);
}

Result<void> AresChannel::open(const DnsChannelSettings& settings) {
    if (!library_is_ready())
        return Error::resolve_failed;
    ares_options options{};
    options.timeout = static_cast<int>(settings.timeout.count());
    options.tries = settings.tries;
    options.sock_state_cb = &AresChannel::on_socket_state;
    options.sock_state_cb_data = this;
    const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    if (ares_init_options(&channel_, &options, mask) != ARES_SUCCESS)
        return Error::resolve_failed;
    std::string list;
    for (const std::string& server : settings.name_servers)
        list += (list.empty() ? "" : ",") + server;
    if (!list.empty() && ares_set_servers_ports_csv(channel_, list.c_str()) != ARES_SUCCESS)
        return Error::resolve_failed;
    return {};
}

void AresChannel::query(const DnsQuestion& question, Done done) {
    if (question.type == DnsQuestion::Type::address)
        query_addresses(question.name, std::move(done));
    else
        query_records(question, std::move(done));
    keep_time();
}

void AresChannel::query_addresses(const std::string& host, Done done) {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    auto owned = std::make_unique<Done>(std::move(done));
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &AresChannel::on_addresses,
                     owned.release());
}

void AresChannel::on_addresses(void* done, int status, int /*timeouts*/, ares_addrinfo* info) {
    const std::unique_ptr<Done> owned(static_cast<Done*>(done));
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> answer(info,
                                                                              &ares_freeaddrinfo);
    if (status == ARES_EDESTRUCTION)
        return;
    if (status == ARES_SUCCESS && info != nullptr)
        (*owned)(answer_of(*info));
    else
        (*owned)(Error::resolve_failed);
}

void AresChannel::query_records(const DnsQuestion& question, Done done) {
    const int type = question.type == DnsQuestion::Type::srv ? type_srv : type_naptr;
    auto owned = std::make_unique<AskedRecords>(AskedRecords{question, std::move(done)});
    ares_query(channel_, question.name.c_str(), class_in, type, &AresChannel::on_message,
               owned.release());
}

void AresChannel::on_message(void* asked, int status, int /*timeouts*/, unsigned char* message,
                             int size) {
    const std::unique_ptr<AskedRecords> owned(static_cast<AskedRecords*>(asked));
    if (status == ARES_EDESTRUCTION)
        return;
    const bool answered =
        status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
    if (answered && message != nullptr && size > 0)
        owned->done(read_dns_answer({message, static_cast<std::size_t>(size)}, owned->question));
    else
        owned->done(Error::resolve_failed);
}

void AresChannel::on_socket_state(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<AresChannel*>(self)->watch(fd, readable != 0, writable != 0);
}

void AresChannel::watch(int fd, bool readable, bool writable) {
    const auto found = sockets_.find(fd);
    if (!readable && !writable) { // about to be closed
        if (found != sockets_.end()) {
            found->second->unwatch();
            sockets_.erase(found);
        }
        return;
    }
    const Socket socket =
        found != sockets_.end() ? found->second : std::make_shared<WatchedSocket>(context_, fd);
    sockets_[fd] = socket;
    socket->wants_read = readable;
    socket->wants_write = writable;
    await_events(fd, socket);
}

void AresChannel::await_events(int fd, const Socket& socket) {
    if (socket->wants_read && !socket->awaits_read) {
        socket->awaits_read = true;
        socket->descriptor.async_wait(
            asio::posix::stream_descriptor::wait_read,
            [anchor = anchor_, fd, socket](const boost::system::error_code& error) {
                socket->awaits_read = false;
                if (!error && anchor->channel != nullptr)
                    anchor->channel->on_event(fd, socket, fd, ARES_SOCKET_BAD);
            });
    }
    if (socket->wants_write && !socket->awaits_write) {
        socket->awaits_write = true;
        socket->descriptor.async_wait(
            asio::posix::stream_descriptor::wait_write,
            [anchor = anchor_, fd, socket](const boost::system::error_code& error) {
                socket->awaits_write = false;
                if (!error && anchor->channel != nullptr)
                    anchor->channel->on_event(fd, socket, ARES_SOCKET_BAD, fd);
            });
    }
}

void AresChannel::on_event(int fd, const Socket& socket, ares_socket_t readable,
                           ares_socket_t writable) {
    // The number may stand for another socket by now, if this event was on its way when c-ares
    // closed the one that it belongs to.
    if (!socket->descriptor.is_open())
        return;
    ares_process_fd(channel_, readable, writable);
    const auto found = sockets_.find(fd);
    if (found != sockets_.end() && found->second == socket)
        await_events(fd, socket);
    keep_time();
}

void AresChannel::keep_time() {
    timeval left{};
    if (ares_timeout(channel_, nullptr, &left) == nullptr) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(std::chrono::seconds(left.tv_sec) +
                         std::chrono::microseconds(left.tv_usec));
    timer_.async_wait([anchor = anchor_](const boost::system::error_code& error) {
        if (error || anchor->channel == nullptr)
            return;
        ares_process_fd(anchor->channel->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        anchor->channel->keep_time();
    });
}

} // namespace

Result<std::unique_ptr<DnsChannel>> DnsChannel::make(asio::io_context& context,
                                                     const DnsChannelSettings& settings) {
    auto channel = std::make_unique<AresChannel>(context);
    if (const Result<void> opened = channel->open(settings); !opened)
        return opened.error();
    return std::unique_ptr<DnsChannel>(std::move(channel));
}

} // namespace roundabout::transport
