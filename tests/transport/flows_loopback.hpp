#pragma once

#include "transport/worker_flows.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roundabout::tests {

namespace asio = boost::asio;

/// One listener on a loopback address, port 0.
transport::ListenerSettings listener_on(Transport transport,
                                        std::string_view address = "127.0.0.1");

/// A SIP request of that method with what a message needs, and the number in its Call-ID.
std::string request_text(std::string_view method, int number, std::string_view body = {});

/// Why there is no value; Error::none if there is one.
template <class T>
Error error_of(const Result<T>& result) {
    return result ? Error::none : to_error(result.error());
}

/// One worker's flows on an io_context of its own, run until what a test waits for has come.
class FlowsLoopback {
  public:
    explicit FlowsLoopback(transport::FlowSettings settings, transport::Steer steer = {},
                           std::size_t inbox_limit = 10'000,
                           transport::InheritedSockets* inherited = nullptr);
    /// Closes everything and checks that the last coroutine ends and none threw.
    ~FlowsLoopback();
    FlowsLoopback(const FlowsLoopback&) = delete;
    FlowsLoopback& operator=(const FlowsLoopback&) = delete;

    /// Fails the test if `happened` is not true within a generous time.
    void run_until(const std::function<bool()>& happened);
    /// Takes what is in the inbox, as happens by itself unless `holding`.
    void take();
    /// Runs what is ready now.
    void run_ready();

    /// Runs until one has come, and takes it out.
    template <class Kind>
    Kind await() {
        run_until([this] { return count<Kind>() > 0; });
        for (auto at = arrivals.begin(); at != arrivals.end(); ++at) {
            if (std::holds_alternative<Kind>(*at)) {
                Kind found = std::move(std::get<Kind>(*at));
                arrivals.erase(at);
                return found;
            }
        }
        return {};
    }
    template <class Kind>
    [[nodiscard]] std::size_t count() const {
        std::size_t found = 0;
        for (const transport::Arrival& arrival : arrivals)
            found += std::holds_alternative<Kind>(arrival) ? 1U : 0U;
        return found;
    }

    [[nodiscard]] const transport::Counters& counters() const { return flows->counters(); }

    asio::io_context io{1};
    std::deque<transport::Arrival> arrivals;
    int wakes = 0;
    bool holding = false; ///< leaves what comes in the inbox
    transport::Inbox inbox;
    transport::Inbox other_inbox; ///< of a second worker that does not run
    transport::Inboxes inboxes{&inbox, &other_inbox};
    transport::Censuses censuses;
    std::unique_ptr<transport::WorkerFlows> flows;
};

/// A UDP peer on the same io_context.
class UdpPeer {
  public:
    explicit UdpPeer(asio::io_context& io, std::string_view address = "127.0.0.1");

    void send(const Endpoint& to, std::string_view bytes);
    [[nodiscard]] Endpoint local() const;

    struct Received {
        std::string bytes;
        Endpoint from;
    };
    std::vector<Received> received;

  private:
    void receive();

    asio::ip::udp::socket socket_;
    asio::ip::udp::endpoint from_;
    std::array<char, 65536> buffer_{};
    std::shared_ptr<int> alive_ = std::make_shared<int>(); ///< a handler may come after the peer
};

/// A TCP peer on the same io_context.
class TcpPeer {
  public:
    /// Connects; `reads` false: never takes a byte off its socket.
    TcpPeer(asio::io_context& io, const Endpoint& to, bool reads = true);
    /// Takes over an accepted socket.
    explicit TcpPeer(asio::ip::tcp::socket socket);

    void send(std::string_view bytes);
    void close();
    void start_reading();
    [[nodiscard]] Endpoint local() const;

    std::string received;
    bool ended = false;

  private:
    void receive();

    asio::ip::tcp::socket socket_;
    std::array<char, 4096> buffer_{};
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

/// A listening TCP socket that is not ours.
class TcpServer {
  public:
    explicit TcpServer(asio::io_context& io);
    [[nodiscard]] Endpoint local() const;
    std::vector<std::unique_ptr<TcpPeer>> accepted;

  private:
    void accept();
    asio::ip::tcp::acceptor acceptor_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace roundabout::tests
