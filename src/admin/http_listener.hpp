#pragma once

#include "base/endpoint.hpp"
#include "transport/counters.hpp"
#include "transport/task_group.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace roundabout::admin {

/// What a page says.
struct Page {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
};

/// The pages, each made anew when it is asked for.
struct Pages {
    std::function<Page()> metrics;
    std::function<boost::asio::awaitable<Page>()> health; ///< may wait for the workers
    std::function<Page()> readiness;
};

/// What one HttpListener lets its peers use up.
struct HttpLimits {
    std::size_t connections = 16;               ///< beyond: closed at once
    std::size_t header = 8192;                  ///< bytes of a request
    std::chrono::milliseconds patience{10'000}; ///< for a request, and for its answer
};

/// Serves /metrics, /healthz and /readyz by HTTP: GET and HEAD, no body taken. One io_context's
/// thread.
class HttpListener {
  public:
    HttpListener(boost::asio::io_context& io, Pages pages, HttpLimits limits = {});
    HttpListener(const HttpListener&) = delete;
    HttpListener& operator=(const HttpListener&) = delete;

    /// Nothing; or why it can't.
    [[nodiscard]] std::optional<std::string> listen(const Endpoint& bind);
    /// With its real port.
    [[nodiscard]] Endpoint bound() const;
    /// Ends all connections. The coroutines end as the io_context runs on.
    void stop();

  private:
    class Connection;
    [[nodiscard]] boost::asio::awaitable<void> accept();
    [[nodiscard]] boost::asio::awaitable<void> serve(std::shared_ptr<Connection> connection);

    boost::asio::io_context& io_;
    Pages pages_;
    HttpLimits limits_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer rest_;
    std::list<std::shared_ptr<Connection>> connections_;
    transport::Counters counters_;
    transport::TaskGroup tasks_{io_, counters_};
};

} // namespace roundabout::admin
