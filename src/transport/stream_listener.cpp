#include "transport/stream_listener.hpp"

#include "transport/no_throw.hpp"
#include "transport/socket_address.hpp"
#include "transport/stream_options.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/this_coro.hpp>

#include <cerrno>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace roundabout::transport {
namespace asio = boost::asio;
namespace {

void share_port(int socket, boost::system::error_code& error) noexcept {
    const int on = 1;
    if (::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        error.assign(errno, boost::system::system_category());
}

// The peer gave up before we came to accept it; the next one is not concerned.
bool concerns_one_peer(const boost::system::error_code& error) noexcept {
    return error == asio::error::connection_aborted || error == asio::error::connection_reset ||
           error == asio::error::interrupted || error == asio::error::try_again;
}

} // namespace

StreamListener::StreamListener(const StreamSurroundings& surroundings, Connections& connections,
                               ConnectionCensus& census, ListenerIndex index,
                               ListenerSettings settings, const ListenerLimits& limits,
                               const WebSocketLimits& websocket)
    : surroundings_(surroundings)
    , connections_(&connections)
    , census_(&census)
    , index_(index)
    , settings_(std::move(settings))
    , limits_(limits)
    , rules_{websocket, settings_.path, settings_.origins}
    , acceptor_(surroundings.tasks.io())
    , pause_(surroundings.tasks.io()) {}

std::optional<BindFault> StreamListener::start() {
    boost::system::error_code error;
    if (!bind_and_listen(error))
        return BindFault{settings_.transport, settings_.bind, error};
    local_ = local_endpoint(acceptor_.native_handle());
    accepting_ = true;
    surroundings_.tasks.spawn(accept());
    return std::nullopt;
}

bool StreamListener::bind_and_listen(boost::system::error_code& error) {
    const auto endpoint = to_asio_tcp(settings_.bind);
    acceptor_.open(endpoint.protocol(), error);
    if (!error && settings_.bind.address.is_v6())
        acceptor_.set_option(asio::ip::v6_only(true), error);
    if (!error)
        acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error)
        share_port(acceptor_.native_handle(), error);
    if (!error)
        acceptor_.bind(endpoint, error);
    if (!error)
        acceptor_.listen(limits_.backlog, error);
    return !error;
}

asio::awaitable<void> StreamListener::accept() {
    while (accepting_) {
        auto [error, socket] = co_await acceptor_.async_accept(no_throw);
        if (!accepting_)
            break;
        if (!error) {
            surroundings_.counters.accepted.add();
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
    const Endpoint remote = from_asio(peer);
    std::optional<ConnectionCensus::Seat> seat = census_->take(remote.address);
    if (!seat) {
        surroundings_.counters.accept_limit.add();
        return;
    }
    set_stream_options(socket);
    const Flow flow{
        settings_.transport, index_, local_endpoint(socket.native_handle()), remote, {}, false};
    ByteStream stream = settings_.tls ? ByteStream::tls_server(std::move(socket), *settings_.tls)
                                      : ByteStream::plain(std::move(socket));
    const auto handshake = std::make_shared<Handshake>(surroundings_.tasks.io());
    handshake->deadline.set(surroundings_.limits.handshake);
    handshakes_.insert(handshake);
    surroundings_.tasks.spawn(serve(std::move(stream), flow, std::move(*seat), handshake),
                              handshake->attempt.cancel());
}

asio::awaitable<void> StreamListener::serve(ByteStream stream, Flow flow,
                                            ConnectionCensus::Seat seat,
                                            std::shared_ptr<Handshake> handshake) {
    co_await asio::this_coro::throw_if_cancelled(false);
    Result<Opened> opened = co_await accept_handshakes(surroundings_.tasks.io(), std::move(stream),
                                                       flow, surroundings_.limits, rules_);
    handshake->deadline.clear();
    handshakes_.erase(handshake);
    if (!opened || handshake->attempt.interrupted()) {
        surroundings_.counters.handshake_failures.add();
        co_return;
    }
    opened->seat = std::move(seat);
    connections_->adopt(std::move(*opened), nullptr);
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
