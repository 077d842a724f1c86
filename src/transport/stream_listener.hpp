#pragma once

#include "transport/bind_check.hpp"
#include "transport/connection_census.hpp"
#include "transport/connections.hpp"
#include "transport/deadline.hpp"
#include "transport/descriptor.hpp"
#include "transport/flow_settings.hpp"
#include "transport/handshakes.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

namespace roundabout::transport {

/// One worker's acceptor of one TCP, TLS, WS or WSS listener. The port is shared with the other
/// workers (SO_REUSEPORT). Whoever connects has `StreamLimits::handshake` to be done with the
/// handshakes, the PROXY header among them; then the connection is given to Connections. A flow
/// whose peer is a trusted proxy gets the address of who is behind it.
class StreamListener {
  public:
    /// References outlive this.
    StreamListener(const StreamSurroundings& surroundings, Connections& connections,
                   Censuses& censuses, ListenerIndex index, const FlowSettings& settings);
    StreamListener(const StreamListener&) = delete;
    StreamListener& operator=(const StreamListener&) = delete;

    /// Binds, listens and begins to accept.
    std::optional<BindFault> start();
    /// Begins to accept by a socket that somebody else has bound.
    std::optional<BindFault> start(Descriptor bound);
    /// The bound address, with its real port.
    [[nodiscard]] const Endpoint& local() const noexcept { return local_; }

    /// Whoever connects from now on is served by these. Its address stays as it is.
    void change(const FlowSettings& settings);
    [[nodiscard]] bool is_accepting() const noexcept { return accepting_; }
    [[nodiscard]] ListenerIndex listener() const noexcept { return index_; }
    /// For others to have a part in; -1 once it is closed.
    [[nodiscard]] int descriptor() { return acceptor_.is_open() ? acceptor_.native_handle() : -1; }

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

    /// What an accepted connection holds; nothing for a trusted server, which no limit is for.
    struct Seats {
        ConnectionCensus::Seat connection;
        ConnectionCensus::Seat handshake; ///< until the handshakes are done
    };

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(Socket socket, Flow flow, Seats seats,
                                       std::shared_ptr<Handshake> handshake);
    boost::asio::awaitable<Result<Opened>> open(Socket socket, Flow& flow, Seats& seats);
    [[nodiscard]] bool is_proxy(const Flow& flow) const noexcept;
    [[nodiscard]] bool is_exempt(const IpAddress& source) const;
    [[nodiscard]] Result<Seats> take_seats(const Flow& flow);
    [[nodiscard]] Result<void> assign_seats(Seats& seats, const Flow& flow) const;
    void turn_away(const Flow& flow, Error why);
    void welcome(Socket socket);

    StreamSurroundings surroundings_;
    Connections* connections_;
    Censuses* censuses_;
    ListenerIndex index_;
    ListenerSettings settings_;
    ListenerLimits limits_;
    std::function<bool(const IpAddress&)> is_server_;
    std::vector<Network> trusted_proxies_;
    WebSocketRules rules_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    Endpoint local_;
    std::unordered_set<std::shared_ptr<Handshake>> handshakes_;
    bool accepting_ = false;
};

} // namespace roundabout::transport
