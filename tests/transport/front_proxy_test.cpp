#include "transport/flows_loopback.hpp"

#include <array>
#include <chrono>
#include <string>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;
using namespace std::chrono_literals;

namespace {

const std::string from_client = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 5060\r\n";
// The same by version 2.
const std::string from_client_2("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\xc0\0\x02\x01"
                                "\x12\x67\x13\xc4",
                                28);
const std::string from_other = "PROXY TCP4 203.0.113.8 192.0.2.1 4712 5060\r\n";

FlowSettings behind(std::string_view trusted, Transport transport = Transport::tcp) {
    FlowSettings settings;
    settings.listeners = {listener_on(transport)};
    settings.listeners[0].proxy_protocol = transport == Transport::tcp;
    settings.trusted_proxies = {*Network::parse(trusted)};
    return settings;
}

std::string opening_with(std::string_view rows) {
    return "GET / HTTP/1.1\r\nHost: sip.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Protocol: sip\r\n" +
           std::string(rows) + "\r\n";
}

// A WebSocket text frame whose mask is zero.
std::string masked(const std::string& payload) {
    std::string frame("\x81\xfe", 2);
    frame += static_cast<char>(payload.size() >> 8U);
    frame += static_cast<char>(payload.size() & 0xFFU);
    return frame + std::string(4, '\0') + payload;
}

// Where a message comes from that follows the handshake with these header rows.
Endpoint source_over_websocket(FlowsLoopback& loop, TcpPeer& peer, std::string_view rows) {
    peer.send(opening_with(rows));
    loop.run_until([&] { return peer.received.find("\r\n\r\n") != std::string::npos; });
    REQUIRE(peer.received.starts_with("HTTP/1.1 101 "));
    peer.send(masked(request_text("OPTIONS", 1)));
    return loop.await<Inbound>().flow.remote;
}

} // namespace

TEST_CASE("PROXY header: the flow's remote end is who is behind the proxy") {
    FlowsLoopback loop(behind("127.0.0.0/8"));
    for (const std::string& header : {from_client, from_client_2}) {
        TcpPeer proxy(loop.io, loop.flows->bound(0));
        proxy.send(header + request_text("OPTIONS", 1));
        CHECK(loop.await<Inbound>().flow.remote.to_string() == "203.0.113.7:4711");
    }
}

TEST_CASE("PROXY header: it may come in pieces") {
    FlowsLoopback loop(behind("127.0.0.0/8"));
    for (const std::string& header : {from_client, from_client_2}) {
        TcpPeer proxy(loop.io, loop.flows->bound(0));
        const std::uint64_t before = loop.counters().received.value();
        for (const char byte : header)
            proxy.send(std::string(1, byte));
        proxy.send(request_text("OPTIONS", 1));
        CHECK(loop.await<Inbound>().flow.remote.to_string() == "203.0.113.7:4711");
        CHECK(loop.counters().received.value() == before + 1);
    }
}

TEST_CASE("PROXY header: a connection that speaks for itself keeps its own end") {
    FlowsLoopback loop(behind("127.0.0.0/8"));
    TcpPeer proxy(loop.io, loop.flows->bound(0));
    proxy.send("PROXY UNKNOWN\r\n" + request_text("OPTIONS", 1));
    CHECK(loop.await<Inbound>().flow.remote == proxy.local());
}

TEST_CASE("PROXY header: whoever is no trusted proxy is closed, whatever he writes") {
    FlowsLoopback loop(behind("192.0.2.0/24"));
    TcpPeer spoofer(loop.io, loop.flows->bound(0));
    spoofer.send(from_client + request_text("OPTIONS", 1));
    loop.run_until([&] { return spoofer.ended; });
    const auto away = loop.await<TurnedAway>();
    CHECK(away.why == Error::untrusted_proxy);
    CHECK(away.flow.remote == spoofer.local());
    CHECK(loop.counters().proxies_refused.value() == 1);
    CHECK(loop.counters().received.value() == 0);
}

TEST_CASE("PROXY header: a trusted proxy that sends none, or a broken one, is closed") {
    FlowsLoopback loop(behind("127.0.0.0/8"));
    for (const std::string& bytes :
         {request_text("OPTIONS", 1), std::string("PROXY TCP4 nonsense\r\n")}) {
        TcpPeer proxy(loop.io, loop.flows->bound(0));
        proxy.send(bytes);
        loop.run_until([&] { return proxy.ended; });
        CHECK(loop.await<TurnedAway>().why == Error::bad_proxy_header);
    }
    CHECK(loop.counters().proxies_refused.value() == 2);
    CHECK(loop.censuses.connections.taken() == 0);
}

TEST_CASE("PROXY header: one that never ends is a handshake that takes too long") {
    FlowSettings settings = behind("127.0.0.0/8");
    settings.stream.handshake = 50ms;
    FlowsLoopback loop(std::move(settings));
    TcpPeer proxy(loop.io, loop.flows->bound(0));
    proxy.send("PROXY TCP4 203.0.113.7");
    loop.run_until([&] { return proxy.ended; });
    CHECK(loop.await<TurnedAway>().why == Error::handshake_timeout);
    CHECK(loop.censuses.handshakes.taken() == 0);
}

TEST_CASE("PROXY header: limits by source are for who is behind the proxy, not for the proxy") {
    FlowSettings settings = behind("127.0.0.0/8");
    settings.listener.connections_per_source = 1;
    FlowsLoopback loop(std::move(settings));
    const Endpoint bound = loop.flows->bound(0);
    TcpPeer first(loop.io, bound);
    first.send(from_client);
    loop.run_until([&] { return loop.counters().connections.value() == 1; });
    TcpPeer second(loop.io, bound);
    second.send(from_client_2);
    loop.run_until([&] { return second.ended; });
    const auto away = loop.await<TurnedAway>();
    CHECK(away.why == Error::source_connection_limit);
    CHECK(away.flow.remote.to_string() == "203.0.113.7:4711");
    TcpPeer other(loop.io, bound);
    other.send(from_other);
    loop.run_until([&] { return loop.counters().connections.value() == 2; });
    CHECK_FALSE(first.ended);
    CHECK_FALSE(other.ended);
}

TEST_CASE("PROXY header: a trusted server behind the proxy has no limit") {
    FlowSettings settings = behind("127.0.0.0/8");
    settings.listener.connections_per_source = 1;
    settings.is_server = [](const IpAddress& address) {
        return address.to_string() == "203.0.113.7";
    };
    FlowsLoopback loop(std::move(settings));
    TcpPeer first(loop.io, loop.flows->bound(0));
    TcpPeer second(loop.io, loop.flows->bound(0));
    first.send(from_client);
    second.send(from_client_2);
    loop.run_until([&] { return loop.counters().connections.value() == 2; });
    CHECK(loop.censuses.connections.taken() == 0);
}

TEST_CASE("X-Forwarded-For: from a trusted proxy it names the flow's remote address") {
    FlowsLoopback loop(behind("127.0.0.0/8", Transport::ws));
    TcpPeer proxy(loop.io, loop.flows->bound(0));
    const Endpoint source = source_over_websocket(
        loop, proxy, "X-Forwarded-For: 10.9.9.9, 203.0.113.7\r\nX-Forwarded-For: 127.0.0.8\r\n");
    CHECK(source.address.to_string() == "203.0.113.7");
    CHECK(source.port == proxy.local().port);
}

TEST_CASE("X-Forwarded-For: from anybody else it means nothing") {
    FlowsLoopback loop(behind("192.0.2.0/24", Transport::ws));
    TcpPeer spoofer(loop.io, loop.flows->bound(0));
    CHECK(source_over_websocket(loop, spoofer, "X-Forwarded-For: 203.0.113.7\r\n") ==
          spoofer.local());
}

TEST_CASE("X-Forwarded-For: a trusted proxy that sends none speaks for itself") {
    FlowsLoopback loop(behind("127.0.0.0/8", Transport::ws));
    TcpPeer proxy(loop.io, loop.flows->bound(0));
    CHECK(source_over_websocket(loop, proxy, "") == proxy.local());
}

TEST_CASE("X-Forwarded-For: what can't be read is answered 400") {
    FlowsLoopback loop(behind("127.0.0.0/8", Transport::ws));
    TcpPeer proxy(loop.io, loop.flows->bound(0));
    proxy.send(opening_with("X-Forwarded-For: unknown\r\n"));
    loop.run_until([&] { return proxy.received.find("\r\n\r\n") != std::string::npos; });
    CHECK(proxy.received.starts_with("HTTP/1.1 400 "));
    proxy.close();
    CHECK(loop.await<TurnedAway>().why == Error::bad_forwarded_for);
    CHECK(loop.counters().proxies_refused.value() == 1);
}

TEST_CASE("X-Forwarded-For: limits by source are for who is behind the proxy") {
    FlowSettings settings = behind("127.0.0.0/8", Transport::ws);
    settings.listener.connections_per_source = 1;
    FlowsLoopback loop(std::move(settings));
    const Endpoint bound = loop.flows->bound(0);
    std::array<std::unique_ptr<TcpPeer>, 3> proxies;
    for (auto& proxy : proxies)
        proxy = std::make_unique<TcpPeer>(loop.io, bound);
    static_cast<void>(source_over_websocket(loop, *proxies[0], "X-Forwarded-For: 203.0.113.7\r\n"));
    static_cast<void>(source_over_websocket(loop, *proxies[1], "X-Forwarded-For: 203.0.113.8\r\n"));
    proxies[2]->send(opening_with("X-Forwarded-For: 203.0.113.7\r\n"));
    loop.run_until([&] { return proxies[2]->ended; });
    CHECK(loop.await<TurnedAway>().why == Error::source_connection_limit);
    CHECK_FALSE(proxies[0]->ended);
}
