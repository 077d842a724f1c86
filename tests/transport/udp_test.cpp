#include "transport/flows_loopback.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;

namespace {

FlowSettings udp_on(std::string_view address) {
    FlowSettings settings;
    settings.listeners = {listener_on(Transport::udp, address)};
    return settings;
}

std::string call_id(const Inbound& inbound) {
    return std::string(inbound.message.value(sip::HeaderId::call_id));
}

// A port of 127.0.0.1 where nobody listens.
Endpoint deaf_port(asio::io_context& io) { return UdpPeer(io).local(); }

} // namespace

TEST_CASE("UDP: a request comes with its flow, and the answer leaves from the same socket") {
    for (const std::string_view address : {"127.0.0.1", "::1"}) {
        CAPTURE(address);
        FlowsLoopback loop(udp_on(address));
        UdpPeer peer(loop.io, address);
        const Endpoint bound = loop.flows->bound(0);
        const std::string text = request_text("OPTIONS", 1);
        peer.send(bound, text);
        const auto inbound = loop.await<Inbound>();
        CHECK(inbound.message.bytes() == text);
        CHECK(inbound.flow == Flow{Transport::udp, 0, bound, peer.local(), {}, false});
        REQUIRE(loop.flows->send(inbound.flow, Bytes("SIP/2.0 200 OK\r\n\r\n"), 0));
        loop.run_until([&] { return !peer.received.empty(); });
        CHECK(peer.received[0].bytes == "SIP/2.0 200 OK\r\n\r\n");
        CHECK(peer.received[0].from == bound);
    }
}

TEST_CASE("UDP on a wildcard: the flow's local address is the one that the peer reached, and the "
          "answer leaves from it") {
    FlowsLoopback loop(udp_on("0.0.0.0"));
    UdpPeer peer(loop.io);
    const Endpoint reached{*IpAddress::parse("127.0.0.9"), loop.flows->bound(0).port};
    peer.send(reached, request_text("OPTIONS", 1));
    const auto inbound = loop.await<Inbound>();
    CHECK(inbound.flow.local == reached);
    REQUIRE(loop.flows->send(inbound.flow, Bytes("answer"), 0));
    loop.run_until([&] { return !peer.received.empty(); });
    CHECK(peer.received[0].from == reached);
    CHECK(loop.flows->local_for(0, *IpAddress::parse("127.0.0.1")) ==
          Endpoint{*IpAddress::parse("127.0.0.1"), reached.port});
}

TEST_CASE(
    "UDP on an IPv6 wildcard: the flow's local address is no wildcard, and no IPv4 comes in") {
    FlowsLoopback loop(udp_on("::"));
    const std::uint16_t port = loop.flows->bound(0).port;
    const Endpoint reached{*IpAddress::parse("::1"), port};
    UdpPeer v4(loop.io);
    UdpPeer v6(loop.io, "::1");
    v4.send({*IpAddress::parse("127.0.0.1"), port}, request_text("OPTIONS", 4));
    v6.send(reached, request_text("OPTIONS", 6));
    const auto inbound = loop.await<Inbound>();
    CHECK(call_id(inbound) == "6");
    CHECK(inbound.flow.local == reached);
    REQUIRE(loop.flows->send(inbound.flow, Bytes("answer"), 0));
    loop.run_until([&] { return !v6.received.empty(); });
    CHECK(v6.received[0].from == reached);
    CHECK(loop.count<Inbound>() == 0);
}

TEST_CASE("UDP: more than one batch is drained in order, and the worker woken once for it") {
    FlowsLoopback loop(udp_on("127.0.0.1"));
    UdpPeer peer(loop.io);
    constexpr int many = 150;
    for (int i = 0; i < many; ++i)
        peer.send(loop.flows->bound(0), request_text("OPTIONS", i));
    loop.run_until([&] { return loop.count<Inbound>() == many; });
    bool in_order = true;
    for (int i = 0; i < many; ++i)
        in_order =
            in_order && call_id(std::get<Inbound>(loop.arrivals[static_cast<std::size_t>(i)])) ==
                            std::to_string(i);
    CHECK(in_order);
    CHECK(loop.wakes == 1);
    CHECK(loop.counters().received.value() == many);
}

TEST_CASE("UDP: what is sent in one turn leaves in order, however many batches it takes") {
    FlowsLoopback loop(udp_on("127.0.0.1"));
    UdpPeer peer(loop.io);
    const Flow flow{Transport::udp, 0, loop.flows->bound(0), peer.local(), {}, false};
    constexpr int many = 100;
    for (int i = 0; i < many; ++i)
        REQUIRE(loop.flows->send(flow, Bytes(std::to_string(i)), 0));
    loop.run_until([&] { return peer.received.size() == many; });
    bool in_order = true;
    for (std::size_t i = 0; i < many; ++i)
        in_order = in_order && peer.received[i].bytes == std::to_string(i);
    CHECK(in_order);
    CHECK(loop.counters().sent.value() == many);
}

TEST_CASE("UDP: each message goes to the worker that owns its transaction") {
    const Steer by_parity = [](const sip::Message& message) {
        return static_cast<std::uint16_t>(message.value(sip::HeaderId::call_id).back() % 2);
    };
    FlowsLoopback loop(udp_on("127.0.0.1"), by_parity);
    UdpPeer peer(loop.io);
    for (int i = 0; i < 6; ++i)
        peer.send(loop.flows->bound(0), request_text("OPTIONS", i));
    loop.run_until([&] { return loop.counters().received.value() == 6; });
    loop.run_ready();
    std::vector<Arrival> steered;
    loop.other_inbox.take(steered);
    REQUIRE(steered.size() == 3);
    CHECK(call_id(std::get<Inbound>(steered[0])) == "1");
    CHECK(call_id(std::get<Inbound>(steered[2])) == "5");
    REQUIRE(loop.count<Inbound>() == 3);
    CHECK(call_id(std::get<Inbound>(loop.arrivals[1])) == "2");
    CHECK(loop.counters().steered.value() == 3);
}

TEST_CASE("R38 UDP: STUN is answered, CRLF passed over, other noise refused; SIP goes on") {
    FlowsLoopback loop(udp_on("127.0.0.1"));
    UdpPeer peer(loop.io);
    const Endpoint bound = loop.flows->bound(0);
    const std::string stun("\x00\x01\x00\x00\x21\x12\xa4\x42"
                           "abcdefghijkl",
                           20);
    peer.send(bound, "\r\n\r\n");
    peer.send(bound, "");
    peer.send(bound, stun);
    peer.send(bound, "GET / HTTP/1.1\r\n\r\n");
    peer.send(bound, request_text("OPTIONS", 1));
    CHECK(loop.await<Refused>().why == Error::not_sip);
    CHECK(call_id(loop.await<Inbound>()) == "1");
    loop.run_until([&] { return !peer.received.empty(); });
    CHECK(peer.received[0].bytes.substr(8, 12) == "abcdefghijkl");
    CHECK(peer.received[0].from == bound);
    CHECK(loop.arrivals.empty());
    CHECK(loop.counters().keepalives.value() == 2);
    CHECK(loop.counters().stun_answered.value() == 1);
}

TEST_CASE("UDP: a port that refuses fails the ticket, and neither other sends nor the reader") {
    FlowsLoopback loop(udp_on("127.0.0.1"));
    UdpPeer peer(loop.io);
    const Endpoint bound = loop.flows->bound(0);
    const Flow deaf{Transport::udp, 0, bound, deaf_port(loop.io), {}, false};
    const Flow good{Transport::udp, 0, bound, peer.local(), {}, false};
    // The ICMP error to each of the deaf ones comes back before the next call on the socket.
    for (Ticket ticket = 1; ticket <= 3; ++ticket) {
        REQUIRE(loop.flows->send(deaf, Bytes("lost"), ticket));
        loop.run_ready();
        REQUIRE(loop.flows->send(good, Bytes("good"), 100 + ticket));
        loop.run_ready();
    }
    std::vector<Ticket> failed;
    for (int i = 0; i < 3; ++i)
        failed.push_back(loop.await<SendFailed>().ticket);
    CHECK(failed == std::vector<Ticket>{1, 2, 3});
    loop.run_until([&] { return peer.received.size() == 3; });
    CHECK(loop.counters().udp_unreachable.value() == 3);
    peer.send(bound, request_text("OPTIONS", 1));
    CHECK(call_id(loop.await<Inbound>()) == "1");
    CHECK(loop.count<SendFailed>() == 0);
}

TEST_CASE("UDP: a message too large for a datagram fails alone") {
    FlowsLoopback loop(udp_on("127.0.0.1"));
    UdpPeer peer(loop.io);
    const Flow flow{Transport::udp, 0, loop.flows->bound(0), peer.local(), {}, false};
    REQUIRE(loop.flows->send(flow, Bytes("first"), 1));
    REQUIRE(loop.flows->send(flow, Bytes(std::string(70'000, 'x')), 2));
    REQUIRE(loop.flows->send(flow, Bytes("third"), 3));
    CHECK(loop.await<SendFailed>().ticket == 2);
    loop.run_until([&] { return peer.received.size() == 2; });
    CHECK(peer.received[1].bytes == "third");
    CHECK(loop.count<SendFailed>() == 0);
}

TEST_CASE("UDP: the queue is bounded, and room comes back when it was sent") {
    FlowSettings settings = udp_on("127.0.0.1");
    settings.udp.queue_messages = 3;
    FlowsLoopback loop(std::move(settings));
    UdpPeer peer(loop.io);
    const Flow flow{Transport::udp, 0, loop.flows->bound(0), peer.local(), {}, false};
    for (int i = 0; i < 3; ++i)
        REQUIRE(loop.flows->send(flow, Bytes("kept"), 0));
    CHECK(error_of(loop.flows->send(flow, Bytes("dropped"), 0)) == Error::queue_full);
    CHECK(loop.counters().udp_queue_drops.value() == 1);
    loop.run_until([&] { return peer.received.size() == 3; });
    CHECK(loop.flows->send(flow, Bytes("again"), 0));
    loop.run_until([&] { return peer.received.size() == 4; });
    CHECK(peer.received[3].bytes == "again");
}

TEST_CASE("UDP: nothing is sent by a listener that isn't there or isn't UDP") {
    FlowSettings settings = udp_on("127.0.0.1");
    settings.listeners.push_back(listener_on(Transport::tcp));
    FlowsLoopback loop(std::move(settings));
    Flow flow{Transport::udp, 1, {}, loop.flows->bound(0), {}, false};
    CHECK(error_of(loop.flows->send(flow, Bytes("x"), 0)) == Error::not_listening);
    flow.listener = 7;
    CHECK(error_of(loop.flows->send(flow, Bytes("x"), 0)) == Error::not_listening);
}

TEST_CASE("UDP: what was gathered still leaves when everything is closed at once") {
    FlowsLoopback loop(udp_on("127.0.0.1"));
    UdpPeer peer(loop.io);
    const Flow flow{Transport::udp, 0, loop.flows->bound(0), peer.local(), {}, false};
    REQUIRE(loop.flows->send(flow, Bytes("last words"), 1));
    loop.flows->close_all();
    CHECK(error_of(loop.flows->send(flow, Bytes("too late"), 2)) == Error::flow_closed);
    loop.run_until([&] { return !peer.received.empty(); });
    CHECK(peer.received[0].bytes == "last words");
}

TEST_CASE("listener_for: the first of that transport and family that serves servers") {
    FlowSettings settings = udp_on("127.0.0.1");
    settings.listeners[0].serves_servers = false;
    settings.listeners.push_back(listener_on(Transport::udp, "::1"));
    settings.listeners.push_back(listener_on(Transport::udp, "127.0.0.2"));
    FlowsLoopback loop(std::move(settings));
    const IpAddress v4 = *IpAddress::parse("192.0.2.1");
    const IpAddress v6 = *IpAddress::parse("2001:db8::1");
    CHECK(loop.flows->listener_for(Transport::udp, v4) == 2);
    CHECK(loop.flows->listener_for(Transport::udp, v6) == 1);
    CHECK(loop.flows->listener_for(Transport::tcp, v4) == no_listener);
    CHECK(loop.flows->local_for(2, v4) == loop.flows->bound(2));
}
