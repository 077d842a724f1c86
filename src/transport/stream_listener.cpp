#include "transport/stream_listener.hpp"

#include "transport/forwarded_for.hpp"
#include "transport/no_throw.hpp"
#include "transport/socket_address.hpp"
#include "transport/stream_options.hpp"

#include <boost/asio/this_coro.hpp>

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace roundabout::transport {
namespace asio = boost::asio;
namespace {

// A bound socket that shares its port with other workers'. Made by hand and assigned: Asio then
// knows that others may have a part in it (the service manager), so that closing it is not the end
// of it.
Descriptor bind_stream(const Endpoint& bind) noexcept {
    const int on = 1;
    const bool v6 = bind.address.is_v6();
    Descriptor socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketAddress address = to_socket_address(bind);
    if (socket &&
        (!v6 || ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
        ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
        ::bind(socket.get(), address.data(), address.size) == 0)
        return socket;
    return {};
}

// The peer gave up before we came to accept it; the next one is not concerned.
bool concerns_one_peer(const boost::system::error_code& error) noexcept {
    return error == asio::error::connection_aborted || error == asio::error::connection_reset ||
           error == asio::error::interrupted || error == asio::error::try_again;
}

} // namespace

StreamListener::StreamListener(const StreamSurroundings& surroundings, Connections& connections,
                               Censuses& censuses, ListenerIndex index,
                               const FlowSettings& settings)
    : surroundings_(surroundings)
    , connections_(&connections)
    , censuses_(&censuses)
    , index_(index)
    , settings_(settings.listeners[index])
    , limits_(settings.listener)
    , is_server_(settings.is_server)
    , trusted_proxies_(settings.trusted_proxies)
    , rules_{settings.websocket, settings_.path, settings_.origins, {}}
    , acceptor_(surroundings.tasks.io())
    , pause_(surroundings.tasks.io()) {}

std::optional<BindFault> StreamListener::start() {
    Descriptor bound = bind_stream(settings_.bind);
    if (!bound)
        return BindFault{
            settings_.transport, settings_.bind, {errno, boost::system::system_category()}};
    return start(std::move(bound));
}

std::optional<BindFault> StreamListener::start(Descriptor bound) {
    boost::system::error_code error;
    acceptor_.assign(to_asio_tcp(settings_.bind).protocol(), bound.get(), error);
    if (!error)
        static_cast<void>(bound.release());
    if (!error)
        acceptor_.listen(limits_.backlog, error); // one that listens gets our length of the queue
    if (error)
        return BindFault{settings_.transport, settings_.bind, error};
    local_ = local_endpoint(acceptor_.native_handle());
    accepting_ = true;
    surroundings_.tasks.spawn(accept());
    return std::nullopt;
}

asio::awaitable<void> StreamListener::accept() {
    while (accepting_) {
        auto [error, socket] = co_await acceptor_.async_accept(no_throw);
        if (!accepting_)
            break;
        if (!error) {
            surroundings_.counters.accepted.add();
            surroundings_.counters.of(settings_.transport).accepted.add();
            welcome(std::move(socket));
        } else if (!concerns_one_peer(error)) {
            // No descriptors or no memory: trying again at once would only burn the processor.
            surroundings_.counters.accept_pauses.add();
            pause_.expires_after(limits_.accept_pause);
            co_await pause_.async_wait(no_throw);
        }
    }
}

void StreamListener::welcome(Socket socket) {
    boost::system::error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error)
        return;
    const Flow flow{settings_.transport, index_, local_endpoint(socket.native_handle()),
                    from_asio(peer),     {},     false};
    if (settings_.proxy_protocol && !is_proxy(flow))
        return turn_away(flow, Error::untrusted_proxy);
    Result<Seats> seats = take_seats(flow);
    if (!seats)
        return turn_away(flow, to_error(seats.error()));
    set_stream_options(socket);
    const auto handshake = std::make_shared<Handshake>(surroundings_.tasks.io());
    handshake->deadline.set(surroundings_.limits.handshake);
    handshakes_.insert(handshake);
    surroundings_.tasks.spawn(serve(std::move(socket), flow, std::move(*seats), handshake),
                              handshake->attempt.cancel());
}

// Whether the flow's peer may say that somebody else is behind it.
bool StreamListener::is_proxy(const Flow& flow) const noexcept {
    return (settings_.proxy_protocol || is_websocket(settings_.transport)) &&
           is_within(trusted_proxies_, flow.remote.address);
}

bool StreamListener::is_exempt(const IpAddress& source) const {
    return settings_.serves_servers && is_server_ && is_server_(source);
}

Result<StreamListener::Seats> StreamListener::take_seats(const Flow& flow) {
    Seats seats;
    const bool proxy = is_proxy(flow);
    if (!proxy && is_exempt(flow.remote.address))
        return seats;
    auto connection = censuses_->connections.take();
    if (!connection)
        return Error::connection_limit;
    auto handshake = censuses_->handshakes.take();
    if (!handshake)
        return Error::handshake_limit;
    seats.connection = std::move(*connection);
    seats.handshake = std::move(*handshake);
    if (!proxy) {
        if (const auto assigned = assign_seats(seats, flow); !assigned)
            return assigned.error();
    }
    return seats;
}

// Those of a proxy stay nobody's: what it says for itself, as a health check, has no limit of its
// own.
Result<void> StreamListener::assign_seats(Seats& seats, const Flow& flow) const {
    if (is_proxy(flow))
        return {};
    if (is_exempt(flow.remote.address))
        seats = {};
    if (!seats.connection.assign(flow.remote.address))
        return Error::source_connection_limit;
    if (!seats.handshake.assign(flow.remote.address))
        return Error::source_handshake_limit;
    return {};
}

void StreamListener::turn_away(const Flow& flow, Error why) {
    Counters& counters = surroundings_.counters;
    counters.of(flow.transport).handshakes_failed.add();
    switch (why) {
    case Error::connection_limit:
        counters.accept_limit.add();
        break;
    case Error::source_connection_limit:
        counters.accept_limit_source.add();
        break;
    case Error::handshake_limit:
        counters.handshake_limit.add();
        break;
    case Error::source_handshake_limit:
        counters.handshake_limit_source.add();
        break;
    case Error::handshake_timeout:
    case Error::header_timeout:
        counters.handshake_timeouts.add();
        break;
    case Error::untrusted_proxy:
    case Error::bad_proxy_header:
    case Error::bad_forwarded_for:
        counters.proxies_refused.add();
        break;
    default:
        counters.handshake_failures.add();
        break;
    }
    surroundings_.inbox().put(TurnedAway{flow, why});
}

asio::awaitable<void> StreamListener::serve(Socket socket, Flow flow, Seats seats,
                                            std::shared_ptr<Handshake> handshake) {
    co_await asio::this_coro::throw_if_cancelled(false);
    Result<Opened> opened = co_await open(std::move(socket), flow, seats);
    handshakes_.erase(handshake);
    seats.handshake = {};
    if (handshake->deadline.expired()) {
        turn_away(flow, Error::handshake_timeout);
    } else if (handshake->attempt.interrupted()) {
        turn_away(flow, Error::stopped);
    } else if (!opened) {
        turn_away(flow, to_error(opened.error()));
    } else {
        opened->seat = std::move(seats.connection);
        surroundings_.counters.of(flow.transport).handshakes.add();
        connections_->adopt(std::move(*opened), nullptr);
    }
    handshake->deadline.clear();
}

// From the accepted socket to messages. `seats` and `flow` are serve()'s: they tell whose the
// connection is as soon as that is known.
asio::awaitable<Result<Opened>> StreamListener::open(Socket socket, Flow& flow, Seats& seats) {
    if (settings_.proxy_protocol) {
        const Result<std::optional<Endpoint>> source = co_await read_source(socket);
        if (!source)
            co_return source.error();
        if (const std::optional<Endpoint>& behind = *source)
            flow.remote = *behind;
        if (const auto assigned = assign_seats(seats, flow); !assigned)
            co_return assigned.error();
    }
    WebSocketRules rules = rules_;
    if (is_proxy(flow))
        rules.trusted_proxies = trusted_proxies_;
    ByteStream stream = settings_.tls ? ByteStream::tls_server(std::move(socket), *settings_.tls)
                                      : ByteStream::plain(std::move(socket));
    Result<Opened> opened = co_await accept_handshakes(
        surroundings_.tasks.io(), std::move(stream), flow, surroundings_.limits, std::move(rules));
    if (opened) {
        flow = opened->flow;
        if (const auto assigned = assign_seats(seats, flow); !assigned)
            opened = assigned.error();
    }
    co_return opened;
}

void StreamListener::change(const FlowSettings& settings) {
    const Endpoint bind = settings_.bind;
    settings_ = settings.listeners[index_];
    settings_.bind = bind;
    limits_ = settings.listener;
    surroundings_.limits = settings.stream;
    trusted_proxies_ = settings.trusted_proxies;
    rules_ = {settings.websocket, settings_.path, settings_.origins, {}};
}

void StreamListener::stop_accepting() {
    accepting_ = false;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

void StreamListener::close() {
    stop_accepting();
    const std::vector<std::shared_ptr<Handshake>> all(handshakes_.begin(), handshakes_.end());
    for (const auto& handshake : all)
        handshake->attempt.interrupt();
}

} // namespace roundabout::transport
