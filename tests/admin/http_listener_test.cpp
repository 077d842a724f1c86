#include "admin/http_listener.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <string>
#include <thread>

using namespace roundabout;
using namespace roundabout::admin;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

namespace {

/// A listener on a free port of this machine, served by a thread of its own.
class Served {
  public:
    explicit Served(HttpLimits limits)
        : listener(io, pages(), limits) {
        REQUIRE_FALSE(listener.listen(*Endpoint::parse("127.0.0.1:0")));
        port = listener.bound().port;
        thread = std::thread([this] { io.run(); });
    }
    /// Returns when the last coroutine has ended.
    ~Served() {
        asio::post(io, [this] { listener.stop(); });
        thread.join();
    }
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

    static Pages pages() {
        Pages pages;
        pages.metrics = [] { return Page{200, "text/x", "numbers\n"}; };
        pages.health = []() -> asio::awaitable<Page> {
            Page page;
            page.status = 503;
            page.body = "ill\n";
            co_return page;
        };
        pages.readiness = [] { return Page{}; };
        return pages;
    }

    asio::io_context io;
    HttpListener listener;
    std::uint16_t port = 0;
    std::thread thread;
};

class Client {
  public:
    explicit Client(const Served& served) {
        socket_.connect({asio::ip::address_v4::loopback(), served.port});
    }
    void say(const std::string& text) {
        boost::system::error_code ignored; // the peer may have closed already
        asio::write(socket_, asio::buffer(text), ignored);
    }
    /// All that comes until the peer closes.
    std::string rest() {
        std::string text;
        boost::system::error_code ended;
        asio::read(socket_, asio::dynamic_buffer(text), ended);
        return text;
    }
    /// So many bytes.
    std::string next(std::size_t size) {
        std::string text(size, ' ');
        asio::read(socket_, asio::buffer(text));
        return text;
    }

  private:
    asio::io_context io_;
    Tcp::socket socket_{io_};
};

std::string answer(const Served& served, const std::string& request) {
    Client client(served);
    client.say(request);
    return client.rest();
}

std::string get(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
}

bool begins(const std::string& text, std::string_view with) { return text.starts_with(with); }

} // namespace

TEST_CASE("http: the three pages are served with their status, and nothing else is there") {
    const Served served{{}};
    const std::string metrics = answer(served, get("/metrics?x=1"));
    CHECK(begins(metrics, "HTTP/1.1 200"));
    CHECK(metrics.find("Content-Type: text/x\r\n") != std::string::npos);
    CHECK(metrics.ends_with("\r\n\r\nnumbers\n"));
    CHECK(answer(served, get("/healthz")).ends_with("ill\n"));
    CHECK(begins(answer(served, get("/healthz")), "HTTP/1.1 503"));
    CHECK(begins(answer(served, get("/readyz")), "HTTP/1.1 200"));
    CHECK(begins(answer(served, get("/metrics/")), "HTTP/1.1 404"));
    CHECK(begins(answer(served, "DELETE /metrics HTTP/1.0\r\n\r\n"), "HTTP/1.0 405"));
}

TEST_CASE("http: a request that is too large or no HTTP is not read on") {
    const Served served{{}};
    CHECK(begins(answer(served, "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x')), "HTTP/1.1 431"));
    CHECK(
        begins(answer(served, "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), "HTTP/1.1 413"));
    CHECK(answer(served, "INVITE sip:a@b SIP/2.0\r\n\r\n").empty());
}

TEST_CASE("http: who asks slowly, or nothing, is closed") {
    HttpLimits limits;
    limits.patience = 20ms;
    const Served served{limits};
    Client slow(served);
    slow.say("GET /metrics HTTP/1.1\r\n");
    CHECK(slow.rest().empty());
    CHECK(Client(served).rest().empty());
}

TEST_CASE("http: so many connections and no more") {
    HttpLimits limits;
    limits.connections = 1;
    const Served served{limits};
    Client first(served);
    first.say("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(first.next(12) == "HTTP/1.1 200");
    CHECK(Client(served).rest().empty());
}

TEST_CASE("http: an address in use is told") {
    const Served served{{}};
    asio::io_context io;
    HttpListener second(io, Served::pages());
    const auto problem =
        second.listen(*Endpoint::parse("127.0.0.1:" + std::to_string(served.port)));
    REQUIRE(problem.has_value());
    CHECK(begins(problem.value_or(""), "cannot serve metrics at 127.0.0.1:"));
}
