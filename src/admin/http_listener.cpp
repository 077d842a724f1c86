#include "admin/http_listener.hpp"

#include "transport/deadline.hpp"
#include "transport/socket_address.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <utility>

namespace roundabout::admin {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

namespace {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
/// After accept failed, for want of descriptors most likely.
constexpr auto pause_after_failure = std::chrono::milliseconds(100);

Page refusal(unsigned status, std::string why) {
    Page page;
    page.status = status;
    page.body = std::move(why) + "\n";
    return page;
}

} // namespace

/// One connection, which may ask several times.
class HttpListener::Connection {
  public:
    Connection(asio::io_context& io, Tcp::socket socket, const Pages& pages,
               const HttpLimits& limits)
        : socket_(std::move(socket))
        , pages_(pages)
        , limits_(limits)
        , deadline_(io, [this] { close(); }) {}

    asio::awaitable<void> run() {
        bool again = true;
        while (again && socket_.is_open()) {
            deadline_.set(limits_.patience);
            http::request_parser<http::empty_body> parser;
            parser.header_limit(static_cast<std::uint32_t>(limits_.header));
            parser.body_limit(0);
            const auto [error, size] =
                co_await http::async_read(socket_, buffer_, parser, as_tuple);
            if (error == http::error::header_limit || error == http::error::body_limit) {
                Page page = refusal(error == http::error::body_limit ? 413 : 431,
                                    "the request is too large");
                co_await answer(std::move(page), 11, false, false);
                break;
            }
            if (error)
                break;
            const auto& request = parser.get();
            const bool head = request.method() == http::verb::head;
            const bool get = head || request.method() == http::verb::get;
            const unsigned version = request.version();
            again = request.keep_alive();
            std::string target(request.target());
            Page page = refusal(405, "GET and HEAD are all that is answered here");
            if (get) // no co_await within `?:`: g++ 12 destroys the result twice
                page = co_await page_at(std::move(target));
            co_await answer(std::move(page), version, again, head);
        }
        close();
    }

    void close() {
        boost::system::error_code ignored;
        socket_.shutdown(Tcp::socket::shutdown_both, ignored);
        socket_.close(ignored);
    }

  private:
    asio::awaitable<Page> page_at(std::string target) {
        const std::string path = target.substr(0, target.find('?'));
        if (path == "/metrics")
            co_return pages_.metrics();
        if (path == "/healthz")
            co_return co_await pages_.health();
        if (path == "/readyz")
            co_return pages_.readiness();
        co_return refusal(404, "there are /metrics, /healthz and /readyz");
    }

    asio::awaitable<void> answer(Page page, unsigned version, bool again, bool head) {
        http::response<http::string_body> response;
        response.version(version);
        response.result(page.status);
        response.set(http::field::content_type, page.type);
        response.set(http::field::cache_control, "no-store");
        response.keep_alive(again);
        response.content_length(page.body.size());
        if (page.status == 405)
            response.set(http::field::allow, "GET, HEAD");
        if (!head)
            response.body() = std::move(page.body);
        deadline_.set(limits_.patience);
        const auto [error, size] = co_await http::async_write(socket_, response, as_tuple);
        if (error)
            close();
    }

    Tcp::socket socket_;
    const Pages& pages_;
    const HttpLimits& limits_;
    transport::Deadline deadline_;
    boost::beast::flat_buffer buffer_{limits_.header * 2};
};

HttpListener::HttpListener(asio::io_context& io, Pages pages, HttpLimits limits)
    : io_(io)
    , pages_(std::move(pages))
    , limits_(limits)
    , acceptor_(io)
    , rest_(io) {}

std::optional<std::string> HttpListener::listen(const Endpoint& bind) {
    const Tcp::endpoint endpoint = transport::to_asio_tcp(bind);
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error && bind.address.is_v6())
        acceptor_.set_option(asio::ip::v6_only(true), error);
    if (!error)
        acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error)
        acceptor_.bind(endpoint, error);
    if (!error)
        acceptor_.listen(static_cast<int>(limits_.connections), error);
    if (error) {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        return "cannot serve metrics at " + bind.to_string() + ": " + error.message();
    }
    tasks_.spawn(accept());
    return std::nullopt;
}

Endpoint HttpListener::bound() const {
    boost::system::error_code ignored;
    return transport::from_asio(acceptor_.local_endpoint(ignored));
}

void HttpListener::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    rest_.cancel();
    for (const auto& connection : connections_)
        connection->close();
}

asio::awaitable<void> HttpListener::accept() {
    while (acceptor_.is_open()) {
        Tcp::socket socket(io_);
        const auto [error] = co_await acceptor_.async_accept(socket, as_tuple);
        if (!error && connections_.size() < limits_.connections) {
            auto connection = std::make_shared<Connection>(io_, std::move(socket), pages_, limits_);
            connections_.push_back(connection);
            tasks_.spawn(serve(std::move(connection)));
        } else if (error && acceptor_.is_open()) {
            rest_.expires_after(pause_after_failure);
            co_await rest_.async_wait(as_tuple);
        }
    }
}

asio::awaitable<void> HttpListener::serve(std::shared_ptr<Connection> connection) {
    struct Leaving { // however the connection ends
        std::list<std::shared_ptr<Connection>>& connections;
        const Connection* who;
        ~Leaving() {
            std::erase_if(connections, [this](const auto& each) { return each.get() == who; });
        }
    };
    const Leaving leaving{connections_, connection.get()};
    co_await connection->run();
}

} // namespace roundabout::admin
