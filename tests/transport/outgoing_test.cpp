#include "support/test_certificates.hpp"
#include "transport/flows_loopback.hpp"
#include "transport/socket_address.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <sys/socket.h>
#include <vector>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;
using namespace std::chrono_literals;

namespace {

ConnectTarget tcp_to(const Endpoint& remote) {
    ConnectTarget target;
    target.remote = remote;
    return target;
}

// Listens with a full accept queue, so that a further SYN gets no answer at all.
class BlackHole {
  public:
    explicit BlackHole(boost::asio::io_context& io)
        : acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}) {
        acceptor_.listen(0);
        const SocketAddress address = to_socket_address(local());
        for (int i = 0; i < 4; ++i) {
            auto& socket = fillers_.emplace_back(io);
            socket.open(boost::asio::ip::tcp::v4());
            socket.native_non_blocking(true);
            // Asio's own connect() would wait for the end, which never comes.
            static_cast<void>(::connect(socket.native_handle(), address.data(), address.size));
        }
    }
    [[nodiscard]] Endpoint local() const {
        return {*IpAddress::parse("127.0.0.1"), acceptor_.local_endpoint().port()};
    }

  private:
    boost::asio::ip::tcp::acceptor acceptor_;
    std::vector<boost::asio::ip::tcp::socket> fillers_;
};

} // namespace

TEST_CASE("connect: the flow that comes is open, ours, and both ends talk over it") {
    FlowsLoopback loop({});
    TcpServer server(loop.io);
    loop.flows->connect(tcp_to(server.local()), 10s, 1);
    const auto connected = loop.await<Connected>();
    CHECK(connected.ticket == 1);
    REQUIRE(connected.flow.has_value());
    const Flow flow = *connected.flow;
    CHECK(flow.outgoing);
    CHECK(flow.remote == server.local());
    CHECK(flow.local.address == *IpAddress::parse("127.0.0.1"));
    CHECK(flow.local.port != 0);
    CHECK(loop.flows->is_open(flow.id));
    REQUIRE(loop.flows->send(flow, Bytes("request"), 0));
    loop.run_until(
        [&] { return !server.accepted.empty() && server.accepted[0]->received == "request"; });
    server.accepted[0]->send(request_text("OPTIONS", 3));
    CHECK(loop.await<Inbound>().flow == flow);
}

TEST_CASE("connect: it leaves from the address of the listener that speaks for it") {
    FlowSettings settings;
    settings.listeners = {listener_on(Transport::tcp, "127.0.0.5")};
    FlowsLoopback loop(std::move(settings));
    TcpServer server(loop.io);
    ConnectTarget target = tcp_to(server.local());
    target.listener = 0;
    loop.flows->connect(target, 10s, 1);
    const auto connected = loop.await<Connected>();
    REQUIRE(connected.flow.has_value());
    CHECK(connected.flow->local.address == *IpAddress::parse("127.0.0.5"));
    CHECK(connected.flow->listener == 0);
}

TEST_CASE("connect: whoever asks while one is being set up, or later, shares that one") {
    FlowsLoopback loop({});
    TcpServer server(loop.io);
    loop.flows->connect(tcp_to(server.local()), 10s, 1);
    loop.flows->connect(tcp_to(server.local()), 10s, 2);
    const auto first = loop.await<Connected>();
    const auto second = loop.await<Connected>();
    loop.flows->connect(tcp_to(server.local()), 10s, 3);
    const auto third = loop.await<Connected>();
    CHECK_FALSE(first.reused); // R41: only a connection that was open before may be broken already
    CHECK(third.reused);
    CHECK(first.ticket == 1);
    CHECK(second.ticket == 2);
    CHECK(third.ticket == 3);
    REQUIRE(first.flow.has_value());
    CHECK(*second.flow == *first.flow);
    CHECK(*third.flow == *first.flow);
    CHECK(loop.counters().connects.value() == 1);
    CHECK(server.accepted.size() <= 1);
}

TEST_CASE("connect: another identity or listener is another connection (R40)") {
    FlowsLoopback loop({});
    TcpServer server(loop.io);
    ConnectTarget other = tcp_to(server.local());
    other.tls_name = "other.example";
    loop.flows->connect(tcp_to(server.local()), 10s, 1);
    loop.flows->connect(other, 10s, 2);
    const auto first = loop.await<Connected>();
    const auto second = loop.await<Connected>();
    REQUIRE(first.flow.has_value());
    REQUIRE(second.flow.has_value());
    CHECK(first.flow->id != second.flow->id);
}

TEST_CASE(
    "R40 connect: a connection that the peer opened and that was lent is as good as a new one") {
    FlowSettings settings;
    settings.listeners = {listener_on(Transport::tcp)};
    FlowsLoopback loop(std::move(settings));
    TcpPeer peer(loop.io, loop.flows->bound(0));
    peer.send(request_text("OPTIONS", 1));
    const Flow theirs = loop.await<Inbound>().flow;
    ConnectTarget target;
    {
        const TcpServer closed(loop.io); // a port at which nobody listens
        target.remote = closed.local();
    }
    target.tls_profile = 3;
    target.listener = 0;
    loop.flows->lend(theirs, {target.transport, target.remote, target.tls_profile, 0});

    loop.flows->connect(target, 10s, 1);
    const auto connected = loop.await<Connected>();
    REQUIRE(connected.flow.has_value());
    CHECK(*connected.flow == theirs);
    CHECK(connected.reused);
    CHECK(loop.counters().connects.value() == 0);
    CHECK(loop.counters().connects_borrowed.value() == 1);

    // Another identity or listener is somebody else.
    for (const auto change : {0, 1}) {
        ConnectTarget other = target;
        (change == 0 ? other.tls_profile : other.listener) = 1;
        loop.flows->connect(other, 10s, 2);
        CHECK(error_of(loop.await<Connected>().flow) == Error::connect_refused);
    }
    peer.close();
    static_cast<void>(loop.await<FlowClosed>());
    loop.flows->connect(target, 10s, 3);
    CHECK(error_of(loop.await<Connected>().flow) == Error::connect_refused);
}

TEST_CASE("R40 connect: who forgets a lent connection is given it no more") {
    FlowSettings settings;
    settings.listeners = {listener_on(Transport::tcp)};
    FlowsLoopback loop(std::move(settings));
    TcpServer server(loop.io);
    TcpPeer peer(loop.io, loop.flows->bound(0));
    peer.send(request_text("OPTIONS", 1));
    const Flow theirs = loop.await<Inbound>().flow;
    ConnectTarget target = tcp_to(server.local());
    target.listener = 0;
    loop.flows->lend(theirs, {target.transport, target.remote, 0, 0});
    loop.flows->forget(theirs);
    loop.flows->connect(target, 10s, 1);
    const auto connected = loop.await<Connected>();
    REQUIRE(connected.flow.has_value());
    CHECK(connected.flow->id != theirs.id);
    CHECK_FALSE(connected.reused);
}

TEST_CASE("R41 connect: a connection that broke is replaced") {
    FlowsLoopback loop({});
    TcpServer server(loop.io);
    loop.flows->connect(tcp_to(server.local()), 10s, 1);
    const Flow first = *loop.await<Connected>().flow;
    loop.run_until([&] { return server.accepted.size() == 1; });
    server.accepted[0]->close();
    CHECK(loop.await<FlowClosed>().flow == first);
    loop.flows->connect(tcp_to(server.local()), 10s, 2);
    const Flow second = *loop.await<Connected>().flow;
    CHECK(second.id != first.id);
    // One that is closing is not handed out either.
    loop.flows->close(second.id, Error::stopped);
    loop.flows->connect(tcp_to(server.local()), 10s, 3);
    const Flow third = *loop.await<Connected>().flow;
    CHECK(third.id != second.id);
    CHECK(loop.await<FlowClosed>().flow == second);
    // The end of the old one did not take the new one out of the pool.
    loop.flows->connect(tcp_to(server.local()), 10s, 4);
    CHECK(*loop.await<Connected>().flow == third);
}

TEST_CASE("connect: a refusal is told to all who wait, and the next one tries anew") {
    FlowsLoopback loop({});
    Endpoint deaf;
    {
        const TcpServer gone(loop.io);
        deaf = gone.local();
    }
    loop.flows->connect(tcp_to(deaf), 10s, 1);
    loop.flows->connect(tcp_to(deaf), 10s, 2);
    CHECK(error_of(loop.await<Connected>().flow) == Error::connect_refused);
    CHECK(error_of(loop.await<Connected>().flow) == Error::connect_refused);
    CHECK(loop.counters().connect_failures.value() == 1);
    loop.flows->connect(tcp_to(deaf), 10s, 3);
    CHECK(loop.await<Connected>().ticket == 3);
    CHECK(loop.counters().connect_failures.value() == 2);
}

TEST_CASE("connect: a black hole costs each who waits its own time and no more") {
    FlowsLoopback loop({});
    const BlackHole hole(loop.io);
    loop.flows->connect(tcp_to(hole.local()), 1h, 1);
    for (const Ticket ticket : {2U, 3U}) {
        loop.flows->connect(tcp_to(hole.local()), 20ms, ticket);
        const auto hasty = loop.await<Connected>();
        CHECK(hasty.ticket == ticket);
        CHECK(error_of(hasty.flow) == Error::connect_timeout);
    }
    CHECK(loop.counters().connect_failures.value() == 0); // one still waits
    CHECK(loop.arrivals.empty());
}

TEST_CASE("connect: with the last who waits the setting-up ends, and the next begins anew") {
    FlowsLoopback loop({});
    const BlackHole hole(loop.io);
    for (const Ticket ticket : {1U, 2U}) {
        loop.flows->connect(tcp_to(hole.local()), 20ms, ticket);
        const auto connected = loop.await<Connected>();
        CHECK(connected.ticket == ticket);
        CHECK(error_of(connected.flow) == Error::connect_timeout);
        CHECK(loop.counters().connect_failures.value() == ticket);
    }
    CHECK(loop.counters().connects.value() == 0);
}

TEST_CASE("connect: setting-up ends with the worker, and who waits is told") {
    FlowsLoopback loop({});
    const BlackHole hole(loop.io);
    loop.flows->connect(tcp_to(hole.local()), 60s, 1);
    loop.run_ready();
    loop.flows->close_all();
    CHECK(error_of(loop.await<Connected>().flow) == Error::stopped);
    loop.flows->connect(tcp_to(hole.local()), 60s, 2);
    CHECK(error_of(loop.await<Connected>().flow) == Error::stopped);
}

namespace {

// Listeners and client contexts of one authority, so that the flows can call themselves.
struct SecureLoopback {
    TemporaryFolder folder;
    TestAuthority authority;
    FlowSettings settings;

    SecureLoopback() {
        CertificateWish wish;
        wish.common_name = "proxy";
        wish.dns = {"proxy.example"};
        const TestCertificate made = authority.issue(wish);
        TlsServerSettings server;
        server.certificate = {folder.write("chain.pem", made.chain),
                              folder.write("key.pem", made.key)};
        TlsClientSettings client;
        client.ca_file = folder.write("ca.pem", authority.pem());
        settings.listeners = {listener_on(Transport::tcp), listener_on(Transport::tls),
                              listener_on(Transport::ws), listener_on(Transport::wss, "::1")};
        settings.listeners[1].tls = *TlsContext::server(server);
        settings.listeners[3].tls = *TlsContext::server(server);
        settings.client_contexts = {*TlsContext::client(client)};
    }
};

ConnectTarget target_of(FlowsLoopback& loop, Transport transport, ListenerIndex listener) {
    ConnectTarget target;
    target.transport = transport;
    target.remote = loop.flows->bound(listener);
    target.tls_name = "proxy.example";
    target.host = "proxy.example";
    target.path = "/sip";
    return target;
}

} // namespace

TEST_CASE("every stream transport: messages go both ways between our own two ends") {
    const SecureLoopback secure;
    for (const Transport transport :
         {Transport::tcp, Transport::tls, Transport::ws, Transport::wss}) {
        CAPTURE(name(transport));
        FlowsLoopback loop(secure.settings);
        const auto listener = static_cast<ListenerIndex>(static_cast<int>(transport) - 1);
        loop.flows->connect(target_of(loop, transport, listener), 20s, 1);
        const auto connected = loop.await<Connected>();
        REQUIRE_MESSAGE(connected.flow.has_value(), connected.flow.error().message());
        const Flow out = *connected.flow;
        CHECK(out.transport == transport);
        const std::string text = request_text("MESSAGE", 1, std::string(40'000, 'y'));
        REQUIRE(loop.flows->send(out, Bytes(text), 0));
        const auto there = loop.await<Inbound>();
        CHECK(there.message.bytes() == text);
        CHECK(there.flow.transport == transport);
        CHECK(there.flow.listener == listener);
        CHECK(there.flow.remote == out.local);
        REQUIRE(loop.flows->send(there.flow, Bytes(request_text("OPTIONS", 2)), 0));
        const auto back = loop.await<Inbound>();
        CHECK(back.flow == out);
        CHECK(back.message.bytes() == request_text("OPTIONS", 2));
        if (is_secure(transport)) {
            REQUIRE(loop.flows->peer_names(out.id) != nullptr);
            CHECK(loop.flows->peer_names(out.id)->dns == std::vector<std::string>{"proxy.example"});
        }
        loop.flows->close(out.id, Error::stopped);
        static_cast<void>(loop.await<FlowClosed>());
        static_cast<void>(loop.await<FlowClosed>());
    }
}

TEST_CASE("R42 connect: a TLS peer that proves another name is not spoken to") {
    const SecureLoopback secure;
    FlowsLoopback loop(secure.settings);
    ConnectTarget target = target_of(loop, Transport::tls, 1);
    target.tls_name = "other.example";
    loop.flows->connect(target, 20s, 1);
    CHECK(error_of(loop.await<Connected>().flow) == Error::peer_name_mismatch);
    ConnectTarget unknown = target_of(loop, Transport::tls, 1);
    unknown.tls_profile = 5;
    loop.flows->connect(unknown, 20s, 2);
    CHECK(error_of(loop.await<Connected>().flow) == Error::certificate_unusable);
}

TEST_CASE("connect: the deadline covers handshakes that never end") {
    const SecureLoopback secure;
    FlowsLoopback loop(secure.settings);
    TcpServer silent(loop.io);
    for (const Transport transport : {Transport::tls, Transport::ws, Transport::wss}) {
        CAPTURE(name(transport));
        ConnectTarget target = target_of(loop, transport, 0);
        target.remote = silent.local();
        loop.flows->connect(target, 50ms, 1);
        CHECK(error_of(loop.await<Connected>().flow) == Error::connect_timeout);
    }
}
