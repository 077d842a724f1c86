#include "support/test_certificates.hpp"
#include "transport/flows_loopback.hpp"

#include <chrono>
#include <fcntl.h>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;
using namespace std::chrono_literals;

namespace {

FlowSettings on(Transport transport) {
    FlowSettings settings;
    settings.listeners = {listener_on(transport)};
    return settings;
}

// While it lives, this process gets no new descriptor.
class NoDescriptors {
  public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        REQUIRE(free >= 0);
        ::close(free);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(free); // the lowest free one is the first forbidden
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

} // namespace

TEST_CASE(
    "listener: beyond the limit by source a connection is closed, and one that ends makes room") {
    FlowSettings settings = on(Transport::tcp);
    settings.listener.connections_per_source = 2;
    FlowsLoopback loop(std::move(settings));
    const Endpoint bound = loop.flows->bound(0);
    TcpPeer first(loop.io, bound);
    TcpPeer second(loop.io, bound);
    TcpPeer third(loop.io, bound);
    loop.run_until([&] { return third.ended; });
    const auto turned_away = loop.await<TurnedAway>();
    CHECK(turned_away.why == Error::source_connection_limit);
    CHECK(turned_away.flow.remote == third.local());
    CHECK(loop.counters().accept_limit_source.value() == 1);
    CHECK(loop.counters().connections.value() == 2);
    first.close();
    static_cast<void>(loop.await<FlowClosed>());
    TcpPeer fourth(loop.io, bound);
    fourth.send(request_text("OPTIONS", 4));
    CHECK(loop.await<Inbound>().flow.remote == fourth.local());
    CHECK_FALSE(second.ended);
}

TEST_CASE("census: sources are counted apart, IPv6 by /64, all together by the other limit") {
    ConnectionCensus census(3, 2);
    const IpAddress one = *IpAddress::parse("2001:db8::1");
    const IpAddress same_site = *IpAddress::parse("2001:db8::ffff:2");
    const IpAddress elsewhere = *IpAddress::parse("2001:db8:0:1::1");
    auto first = census.take(one);
    const auto second = census.take(same_site);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(census.take(one).error() == ConnectionCensus::Full::of_source);
    const auto third = census.take(elsewhere);
    REQUIRE(third.has_value());
    CHECK(census.take(*IpAddress::parse("192.0.2.1")).error() == ConnectionCensus::Full::in_all);
    CHECK(census.taken() == 3);
    *first = {};
    CHECK(census.taken() == 2);
    CHECK(census.take(same_site).has_value());
    CHECK(census.taken() == 2);
}

TEST_CASE("listener: a peer that never ends its handshake is let go, and holds no place") {
    const TemporaryFolder folder;
    const TestAuthority authority;
    const TestCertificate made = authority.issue({});
    TlsServerSettings server;
    server.certificate = {folder.write("chain.pem", made.chain), folder.write("key.pem", made.key)};
    for (const Transport transport : {Transport::tls, Transport::ws, Transport::wss}) {
        CAPTURE(name(transport));
        FlowSettings settings = on(transport);
        settings.stream.handshake = 50ms;
        if (is_secure(transport))
            settings.listeners[0].tls = *TlsContext::server(server);
        FlowsLoopback loop(std::move(settings));
        TcpPeer silent(loop.io, loop.flows->bound(0));
        loop.run_until([&] { return silent.ended; });
        CHECK(loop.await<TurnedAway>().why == Error::handshake_timeout);
        CHECK(loop.counters().handshake_timeouts.value() == 1);
        CHECK(loop.counters().connections.value() == 0);
        CHECK(loop.censuses.connections.taken() == 0);
        CHECK(loop.censuses.handshakes.taken() == 0);
        CHECK(loop.arrivals.empty()); // it never was a flow
    }
}

TEST_CASE("listener: handshakes under way are limited by source, and a done one makes room") {
    FlowSettings settings = on(Transport::ws);
    settings.listener.handshakes_per_source = 1;
    FlowsLoopback loop(std::move(settings));
    const Endpoint bound = loop.flows->bound(0);
    TcpPeer silent(loop.io, bound);
    loop.run_until([&] { return loop.counters().accepted.value() == 1; });
    TcpPeer second(loop.io, bound);
    loop.run_until([&] { return second.ended; });
    CHECK(loop.await<TurnedAway>().why == Error::source_handshake_limit);
    CHECK(loop.counters().handshake_limit_source.value() == 1);
    CHECK(loop.censuses.connections.taken() == 1);
    silent.close();
    loop.run_until([&] { return loop.censuses.handshakes.taken() == 0; });
    TcpPeer third(loop.io, bound);
    loop.run_until([&] { return loop.censuses.handshakes.taken() == 1; });
    CHECK_FALSE(third.ended);
}

TEST_CASE("listener: no limit is for a trusted server, where servers are served") {
    FlowSettings settings = on(Transport::tcp);
    settings.listeners.push_back(settings.listeners[0]);
    settings.listeners[1].serves_servers = false;
    settings.listener.connections = 1;
    settings.is_server = [](const IpAddress& address) { return address.is_loopback(); };
    FlowsLoopback loop(std::move(settings));
    TcpPeer first(loop.io, loop.flows->bound(0));
    TcpPeer second(loop.io, loop.flows->bound(0));
    loop.run_until([&] { return loop.counters().connections.value() == 2; });
    CHECK(loop.censuses.connections.taken() == 0);
    TcpPeer third(loop.io, loop.flows->bound(1));
    TcpPeer fourth(loop.io, loop.flows->bound(1));
    loop.run_until([&] { return third.ended || fourth.ended; });
    CHECK(loop.await<TurnedAway>().why == Error::connection_limit);
    CHECK(loop.counters().accept_limit.value() == 1);
    CHECK_FALSE(first.ended);
    CHECK_FALSE(second.ended);
}

TEST_CASE("listener: noise instead of a TLS handshake ends only that connection") {
    const TemporaryFolder folder;
    const TestAuthority authority;
    const TestCertificate made = authority.issue({});
    TlsServerSettings server;
    server.certificate = {folder.write("chain.pem", made.chain), folder.write("key.pem", made.key)};
    FlowSettings settings = on(Transport::tls);
    settings.listeners[0].tls = *TlsContext::server(server);
    FlowsLoopback loop(std::move(settings));
    TcpPeer noise(loop.io, loop.flows->bound(0));
    noise.send(request_text("OPTIONS", 1));
    loop.run_until([&] { return noise.ended; });
    TcpPeer next(loop.io, loop.flows->bound(0));
    loop.run_until([&] { return loop.counters().accepted.value() == 2; });
}

TEST_CASE("listener: without descriptors it rests, and accepts when there are some again") {
    FlowSettings settings = on(Transport::tcp);
    settings.listener.accept_pause = 10ms;
    FlowsLoopback loop(std::move(settings));
    boost::asio::ip::tcp::socket socket(loop.io);
    socket.open(boost::asio::ip::tcp::v4());
    {
        const NoDescriptors none;
        const boost::asio::ip::tcp::endpoint bound(boost::asio::ip::address_v4::loopback(),
                                                   loop.flows->bound(0).port);
        socket.connect(bound);
        loop.run_until([&] { return loop.counters().accept_pauses.value() >= 2; });
        CHECK(loop.counters().accepted.value() == 0);
    }
    TcpPeer peer(std::move(socket));
    peer.send(request_text("OPTIONS", 1));
    static_cast<void>(loop.await<Inbound>());
    CHECK(loop.counters().accepted.value() == 1);
}

TEST_CASE("stop_accepting: connections go on, new ones are refused") {
    FlowsLoopback loop(on(Transport::tcp));
    const Endpoint bound = loop.flows->bound(0);
    TcpPeer peer(loop.io, bound);
    peer.send(request_text("OPTIONS", 1));
    static_cast<void>(loop.await<Inbound>());
    loop.flows->stop_accepting();
    boost::asio::ip::tcp::socket late(loop.io);
    const boost::asio::ip::tcp::endpoint there(boost::asio::ip::address_v4::loopback(), bound.port);
    boost::system::error_code error;
    late.connect(there, error);
    CHECK(error == boost::asio::error::connection_refused);
    peer.send(request_text("OPTIONS", 2));
    static_cast<void>(loop.await<Inbound>());
}

TEST_CASE("close_all: handshakes under way end too") {
    FlowsLoopback loop(on(Transport::ws));
    TcpPeer silent(loop.io, loop.flows->bound(0));
    loop.run_until([&] { return loop.counters().accepted.value() == 1; });
    loop.flows->close_all();
    loop.run_until([&] { return silent.ended; });
    CHECK(loop.counters().handshake_failures.value() == 1);
}
