#include "transport/flows_loopback.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;
using namespace std::chrono_literals;

namespace {

FlowSettings tcp_on(std::string_view address = "127.0.0.1") {
    FlowSettings settings;
    settings.boot = 7;
    settings.listeners = {listener_on(Transport::tcp, address)};
    return settings;
}

std::string call_id(const Inbound& inbound) {
    return std::string(inbound.message.value(sip::HeaderId::call_id));
}

// The flow of a connection over which one request came.
Flow greeted(FlowsLoopback& loop, TcpPeer& peer) {
    peer.send(request_text("OPTIONS", 1));
    return loop.await<Inbound>().flow;
}

} // namespace

TEST_CASE("TCP: a request comes with its flow, and R34 the answer leaves on the same connection") {
    for (const std::string_view address : {"127.0.0.1", "::1"}) {
        CAPTURE(address);
        FlowsLoopback loop(tcp_on(address));
        TcpPeer peer(loop.io, loop.flows->bound(0));
        const std::string text = request_text("MESSAGE", 1, "hello");
        peer.send(text);
        const auto inbound = loop.await<Inbound>();
        CHECK(inbound.message.bytes() == text);
        CHECK(inbound.flow.transport == Transport::tcp);
        CHECK(inbound.flow.local == loop.flows->bound(0));
        CHECK(inbound.flow.remote == peer.local());
        CHECK(inbound.flow.id.boot == 7);
        CHECK(inbound.flow.id.serial != 0);
        CHECK_FALSE(inbound.flow.outgoing);
        CHECK(loop.flows->is_open(inbound.flow.id));
        CHECK(loop.flows->find(inbound.flow.id) == inbound.flow);
        REQUIRE(loop.flows->send(inbound.flow, Bytes("SIP/2.0 200 OK\r\n\r\n"), 0));
        loop.run_until([&] { return peer.received == "SIP/2.0 200 OK\r\n\r\n"; });
    }
}

TEST_CASE("TCP: a message that comes byte by byte is one message, two in one segment are two") {
    FlowsLoopback loop(tcp_on());
    TcpPeer peer(loop.io, loop.flows->bound(0));
    const std::string text = request_text("MESSAGE", 1, "a body of some bytes");
    for (const char byte : text) {
        peer.send({&byte, 1});
        loop.run_ready();
    }
    CHECK(loop.await<Inbound>().message.bytes() == text);
    peer.send(request_text("OPTIONS", 2) + request_text("OPTIONS", 3));
    CHECK(call_id(loop.await<Inbound>()) == "2");
    CHECK(call_id(loop.await<Inbound>()) == "3");
}

TEST_CASE("TCP: a message far larger than one read comes whole") {
    FlowsLoopback loop(tcp_on());
    TcpPeer peer(loop.io, loop.flows->bound(0));
    const std::string text = request_text("MESSAGE", 1, std::string(150'000, 'x'));
    peer.send(text);
    CHECK(loop.await<Inbound>().message.bytes() == text);
}

TEST_CASE("R38 TCP: CRLFCRLF is answered by CRLF, CRLF alone by nothing") {
    FlowsLoopback loop(tcp_on());
    TcpPeer peer(loop.io, loop.flows->bound(0));
    peer.send("\r\n\r\n");
    loop.run_until([&] { return peer.received == "\r\n"; });
    peer.send(request_text("OPTIONS", 1) + "\r\n");
    static_cast<void>(loop.await<Inbound>());
    loop.run_until([&] { return loop.counters().keepalives.value() == 2; });
    peer.send("\r\n\r\n");
    loop.run_until([&] { return peer.received == "\r\n\r\n"; });
    CHECK(loop.arrivals.empty());
}

TEST_CASE("TCP: the peer's end is told once, and the flow takes nothing after it") {
    FlowsLoopback loop(tcp_on());
    TcpPeer peer(loop.io, loop.flows->bound(0));
    const Flow flow = greeted(loop, peer);
    peer.close();
    const auto closed = loop.await<FlowClosed>();
    CHECK(closed.flow == flow);
    CHECK(closed.why == Error::flow_closed);
    CHECK_FALSE(loop.flows->is_open(flow.id));
    CHECK_FALSE(loop.flows->find(flow.id));
    CHECK(error_of(loop.flows->send(flow, Bytes("x"), 1)) == Error::flow_closed);
    loop.flows->close(flow.id, Error::stopped);
    loop.run_ready();
    CHECK(loop.arrivals.empty());
    CHECK(loop.counters().closed.value() == 1);
}

TEST_CASE("a flow of another incarnation or of no worker is unknown") {
    FlowsLoopback loop(tcp_on());
    TcpPeer peer(loop.io, loop.flows->bound(0));
    Flow flow = greeted(loop, peer);
    flow.id.boot = 6;
    CHECK(error_of(loop.flows->send(flow, Bytes("x"), 1)) == Error::flow_unknown);
    CHECK_FALSE(loop.flows->is_open(flow.id));
    flow.id.boot = 7;
    flow.id.worker = 9;
    CHECK(error_of(loop.flows->send(flow, Bytes("x"), 1)) == Error::flow_unknown);
    flow.id = {};
    CHECK(error_of(loop.flows->send(flow, Bytes("x"), 1)) == Error::flow_unknown);
}

TEST_CASE("TCP: a peer that does not read loses its own connection, nobody else's") {
    FlowSettings settings = tcp_on();
    settings.stream.outbox_bytes = 200'000;
    FlowsLoopback loop(std::move(settings));
    TcpPeer slow(loop.io, loop.flows->bound(0), false);
    const Flow slow_flow = greeted(loop, slow);
    TcpPeer quick(loop.io, loop.flows->bound(0));
    const Flow quick_flow = greeted(loop, quick);

    const Bytes large(std::string(50'000, 'x'));
    Ticket ticket = 0;
    Result<void> sent;
    while (sent) {
        REQUIRE(ticket < 10'000); // the kernel's buffers are finite
        sent = loop.flows->send(slow_flow, large, ++ticket);
        loop.run_ready();
    }
    CHECK(error_of(sent) == Error::queue_full);
    const auto closed = loop.await<FlowClosed>();
    CHECK(closed.flow == slow_flow);
    CHECK(closed.why == Error::queue_full);
    CHECK(loop.counters().closed_slow.value() == 1);
    // Each that was queued and not written is answered once; the refused one was answered at once.
    std::set<Ticket> failed;
    while (loop.count<SendFailed>() > 0) {
        const auto failure = loop.await<SendFailed>();
        CHECK(failure.why == Error::queue_full);
        CHECK(failed.insert(failure.ticket).second);
    }
    CHECK(failed.size() >= 3);
    CHECK(*failed.rbegin() == ticket - 1);
    CHECK(*failed.begin() == ticket - failed.size());

    REQUIRE(loop.flows->send(quick_flow, Bytes("still here"), 0));
    loop.run_until([&] { return quick.received == "still here"; });
}

TEST_CASE("TCP: closing while a write is under way fails every unsent ticket exactly once") {
    FlowSettings settings = tcp_on();
    settings.stream.outbox_bytes = 100'000'000;
    FlowsLoopback loop(std::move(settings));
    TcpPeer peer(loop.io, loop.flows->bound(0), false);
    const Flow flow = greeted(loop, peer);
    // The first write can't end: it is more than the kernel takes.
    for (Ticket ticket = 1; ticket <= 4; ++ticket)
        REQUIRE(loop.flows->send(flow, Bytes(std::string(20'000'000, 'x')), ticket));
    for (int i = 0; i < 20; ++i)
        loop.run_ready();
    loop.flows->close(flow.id, Error::stopped);
    CHECK_FALSE(loop.flows->is_open(flow.id));
    CHECK(loop.await<FlowClosed>().why == Error::stopped);
    std::multiset<Ticket> failed;
    while (loop.count<SendFailed>() > 0)
        failed.insert(loop.await<SendFailed>().ticket);
    CHECK(std::set<Ticket>(failed.begin(), failed.end()).size() == failed.size());
    CHECK(failed.contains(4));
    CHECK(loop.counters().sent.value() + failed.size() == 4);
}

TEST_CASE("R36 TCP: a header that never ends and a body that never comes end the connection") {
    const std::string whole = request_text("MESSAGE", 1, "body");
    for (const std::size_t sent : {std::size_t{20}, whole.size() - 2}) {
        CAPTURE(sent);
        FlowSettings settings = tcp_on();
        settings.stream.unfinished = 30ms;
        FlowsLoopback loop(std::move(settings));
        TcpPeer patient(loop.io, loop.flows->bound(0));
        const Flow flow = greeted(loop, patient);
        TcpPeer peer(loop.io, loop.flows->bound(0));
        peer.send(std::string_view(whole).substr(0, sent));
        const auto closed = loop.await<FlowClosed>();
        CHECK(closed.flow.remote == peer.local());
        CHECK(closed.why == Error::header_timeout);
        CHECK(loop.counters().closed_unfinished.value() == 1);
        // One that says nothing, after a whole message, is only idle.
        CHECK(loop.flows->is_open(flow.id));
        CHECK(loop.count<Inbound>() == 0);
    }
}

TEST_CASE("R36 TCP: bytes that trickle in do not prolong a message's deadline") {
    FlowSettings settings = tcp_on();
    settings.stream.unfinished = 50ms;
    FlowsLoopback loop(std::move(settings));
    TcpPeer peer(loop.io, loop.flows->bound(0));
    peer.send("OPTIONS sip:a SIP/2.0\r\nX: ");
    while (loop.count<FlowClosed>() == 0) {
        boost::asio::steady_timer pause(loop.io, 10ms);
        bool over = false;
        pause.async_wait([&](const boost::system::error_code&) { over = true; });
        loop.run_until([&] { return over; });
        if (loop.count<FlowClosed>() == 0 && !peer.ended)
            peer.send("y");
    }
    CHECK(loop.await<FlowClosed>().why == Error::header_timeout);
}

TEST_CASE("TCP: a connection that is silent for too long is closed") {
    FlowSettings settings = tcp_on();
    settings.stream.idle = 30ms;
    FlowsLoopback loop(std::move(settings));
    TcpPeer peer(loop.io, loop.flows->bound(0));
    CHECK(loop.await<FlowClosed>().why == Error::idle_timeout);
    loop.run_until([&] { return peer.ended; });
    CHECK(loop.counters().closed_idle.value() == 1);
}

TEST_CASE("R36 TCP: a request whose end can't be found is answered 400, then closed") {
    FlowsLoopback loop(tcp_on());
    TcpPeer peer(loop.io, loop.flows->bound(0));
    std::string text = request_text("INVITE", 5);
    text.insert(text.find("Content-Length"), "Content-Length: 7\r\n");
    peer.send(text);
    CHECK(loop.await<FlowClosed>().why == Error::content_length_mismatch);
    loop.run_until([&] { return peer.ended; });
    CHECK(peer.received.starts_with("SIP/2.0 400 "));
    CHECK(peer.received.find("\r\nCall-ID: 5\r\n") != std::string::npos);
    CHECK(peer.received.find("received=127.0.0.1") != std::string::npos);
    CHECK(loop.counters().closed_broken.value() == 1);
    CHECK(loop.count<FlowClosed>() == 0);
    CHECK(loop.count<Inbound>() == 0);
}

TEST_CASE("TCP: a message beyond the limit is answered 513, then closed") {
    FlowSettings settings = tcp_on();
    settings.stream.message = 2000;
    FlowsLoopback loop(std::move(settings));
    TcpPeer peer(loop.io, loop.flows->bound(0));
    peer.send(request_text("MESSAGE", 5, std::string(3000, 'x')));
    CHECK(loop.await<FlowClosed>().why == Error::message_too_large);
    loop.run_until([&] { return peer.ended; });
    CHECK(peer.received.starts_with("SIP/2.0 513 "));
}

TEST_CASE("TCP: what is no SIP is not answered") {
    FlowsLoopback loop(tcp_on());
    TcpPeer peer(loop.io, loop.flows->bound(0));
    std::string text = request_text("ACK", 5);
    text.insert(text.find("Content-Length"), "Content-Length: 7\r\n");
    peer.send(text);
    static_cast<void>(loop.await<FlowClosed>());
    loop.run_until([&] { return peer.ended; });
    CHECK(peer.received.empty());
}

TEST_CASE("TCP: a full inbox leaves the bytes in the socket and loses nothing") {
    FlowsLoopback loop(tcp_on(), {}, 3);
    TcpPeer peer(loop.io, loop.flows->bound(0));
    loop.holding = true;
    std::string text;
    for (int i = 0; i < 10; ++i)
        text += request_text("OPTIONS", i);
    peer.send(text);
    loop.run_until([&] { return loop.inbox.full(); });
    for (int i = 0; i < 20; ++i)
        loop.run_ready();
    CHECK(loop.counters().received.value() == 3);
    loop.holding = false;
    loop.take();
    loop.run_until([&] { return loop.count<Inbound>() == 10; });
    for (int i = 0; i < 10; ++i)
        CHECK(call_id(loop.await<Inbound>()) == std::to_string(i));
    CHECK(loop.counters().inbox_full.value() == 0);
}
