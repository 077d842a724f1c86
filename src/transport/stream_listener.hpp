#pragma once

#include "transport/bind_check.hpp"
#include "transport/connection_census.hpp"
#include "transport/connections.hpp"
#include "transport/deadline.hpp"
#include "transport/flow_settings.hpp"
#include "transport/handshakes.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <unordered_set>

namespace roundabout::transport {

/// One worker's acceptor of one TCP, TLS, WS or WSS listener. The port is shared with the other
/// workers (SO_REUSEPORT). Whoever connects has `StreamLimits::handshake` to be done with the
/// handshakes; then the connection is given to Connections.
class StreamListener {
  public:
    /// References outlive this.
    StreamListener(const StreamSurroundings& surroundings, Connections& connections,
                   ConnectionCensus& census, ListenerIndex index, ListenerSettings settings,
                   const ListenerLimits& limits, const WebSocketLimits& websocket);
    StreamListener(const StreamListener&) = delete;
    StreamListener& operator=(const StreamListener&) = delete;

    /// Binds, listens and begins to accept.
    std::optional<BindFault> start();
    /// The bound address, with its real port.
    [[nodiscard]] const Endpoint& local() const noexcept { return local_; }

    /// Accepts nothing more; handshakes under way go on.
    void stop_accepting();
    /// Ends the handshakes that are under way as well.
    void close();

  private:
    using Socket = boost::asio::ip::tcp::socket;
    struct Handshake {
        explicit Handshake(boost::asio::io_context& io)
            : attempt(io)
            , deadline(io, [this] { attempt.interrupt(); }) {}
        Attempt attempt;
        Deadline deadline;
    };

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(ByteStream stream, Flow flow, ConnectionCensus::Seat seat,
                                       std::shared_ptr<Handshake> handshake);
    bool bind_and_listen(boost::system::error_code& error);
    void welcome(Socket socket);

    StreamSurroundings surroundings_;
    Connections* connections_;
    ConnectionCensus* census_;
    ListenerIndex index_;
    ListenerSettings settings_;
    ListenerLimits limits_;
    WebSocketRules rules_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    Endpoint local_;
    std::unordered_set<std::shared_ptr<Handshake>> handshakes_;
    bool accepting_ = false;
};

} // namespace roundabout::transport
