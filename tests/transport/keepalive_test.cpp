#include "transport/flows_loopback.hpp"
#include "transport/keepalive.hpp"

#include <string>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;
using namespace std::chrono_literals;
using Step = Keepalive::Step;

namespace {

const Keepalive::Clock::time_point start{1000s};

// A peer whose last byte came at the start, asked every 30 s, with 10 s to answer.
Keepalive asked() { return {30s, 10s, start}; }

// One that has answered two pings, the second at 60 s.
Keepalive known() {
    Keepalive keepalive = asked();
    for (const auto at : {30s, 60s}) {
        REQUIRE(keepalive.look(start + at, start) == Step::ping);
        keepalive.answered(start + at);
    }
    return keepalive;
}

} // namespace

TEST_CASE("keepalive: a ping leaves after a whole interval of silence, and not before") {
    Keepalive keepalive = asked();
    CHECK(keepalive.next() == start + 30s);
    CHECK(keepalive.look(start + 29s, start) == Step::wait);
    CHECK(keepalive.look(start + 30s, start + 5s) == Step::wait);
    CHECK(keepalive.next() == start + 35s);
    CHECK(keepalive.look(start + 35s, start + 5s) == Step::ping);
    CHECK(keepalive.next() == start + 65s);
}

TEST_CASE("keepalive: a peer that never answers is pinged on, and nothing ends it") {
    Keepalive keepalive = asked();
    for (auto at = start + 30s; at < start + 3600s; at += 30s)
        CHECK(keepalive.look(at, start) == Step::ping);
}

TEST_CASE("keepalive: one answer does not make a peer known to answer") {
    Keepalive keepalive = asked();
    CHECK(keepalive.look(start + 30s, start) == Step::ping);
    keepalive.answered(start + 31s);
    for (auto at = start + 61s; at < start + 600s; at += 30s)
        CHECK(keepalive.look(at, start + 31s) != Step::dead);
}

TEST_CASE("keepalive: a CRLF that answers nothing, or comes late, does not count") {
    Keepalive keepalive = asked();
    keepalive.answered(start + 1s);
    keepalive.answered(start + 2s);
    CHECK(keepalive.look(start + 32s, start + 2s) == Step::ping);
    keepalive.answered(start + 50s);
    CHECK(keepalive.look(start + 80s, start + 50s) == Step::ping);
    keepalive.answered(start + 81s);
    CHECK(keepalive.look(start + 111s, start + 81s) == Step::ping);
    CHECK(keepalive.look(start + 125s, start + 81s) != Step::dead);
}

TEST_CASE("keepalive: a peer that answered before and is silent now is dead after its time") {
    Keepalive keepalive = known();
    CHECK(keepalive.look(start + 90s, start + 60s) == Step::ping);
    CHECK(keepalive.next() == start + 100s);
    CHECK(keepalive.look(start + 99s, start + 60s) == Step::wait);
    CHECK(keepalive.look(start + 100s, start + 60s) == Step::dead);
}

TEST_CASE("keepalive: a look that comes late gives the peer its time once more") {
    Keepalive keepalive = known();
    CHECK(keepalive.look(start + 90s, start + 60s) == Step::ping);
    CHECK(keepalive.look(start + 130s, start + 60s) == Step::wait);
    CHECK(keepalive.next() == start + 140s);
    CHECK(keepalive.look(start + 140s, start + 60s) == Step::dead);
}

TEST_CASE("keepalive: any byte after the ping is a sign of life") {
    Keepalive keepalive = known();
    CHECK(keepalive.look(start + 90s, start + 60s) == Step::ping);
    CHECK(keepalive.look(start + 100s, start + 91s) == Step::wait);
    CHECK(keepalive.next() == start + 121s);
}

TEST_CASE("TCP: a peer that answered our pings and stops loses its connection; one that never did "
          "keeps it") {
    FlowSettings settings;
    settings.listeners = {listener_on(Transport::tcp)};
    settings.stream.keepalive = 20ms;
    settings.stream.keepalive_answer = 1s;
    FlowsLoopback loop(std::move(settings));
    TcpPeer answering(loop.io, loop.flows->bound(0));
    answering.send(request_text("OPTIONS", 1));
    const Flow known = loop.await<Inbound>().flow;
    TcpPeer silent(loop.io, loop.flows->bound(0));
    silent.send(request_text("OPTIONS", 2));
    const Flow unknown = loop.await<Inbound>().flow;
    TcpPeer unasked(loop.io, loop.flows->bound(0));
    loop.flows->keep_alive(known.id);
    loop.flows->keep_alive(unknown.id);

    std::string pings;
    for (int i = 0; i < 3; ++i) {
        pings += "\r\n\r\n";
        loop.run_until([&] { return answering.received.size() >= pings.size(); });
        if (i < 2)
            answering.send("\r\n");
    }
    const auto closed = loop.await<FlowClosed>();
    CHECK(closed.flow == known);
    CHECK(closed.why == Error::idle_timeout);
    CHECK(loop.counters().closed_unanswered.value() == 1);
    const std::size_t so_far = silent.received.size();
    loop.run_until([&] { return silent.received.size() >= so_far + 8; });
    CHECK(loop.flows->is_open(unknown.id));
    CHECK(unasked.received.empty());
}

TEST_CASE("TCP: connections that we opened are pinged, unless the interval is zero") {
    for (const auto interval : {20ms, 0ms}) {
        FlowSettings settings;
        settings.stream.keepalive = interval;
        FlowsLoopback loop(std::move(settings));
        TcpServer server(loop.io);
        ConnectTarget target;
        target.remote = server.local();
        loop.flows->connect(target, 10s, 1);
        const Flow flow = *loop.await<Connected>().flow;
        loop.run_until([&] { return !server.accepted.empty(); });
        if (interval == 0ms) {
            REQUIRE(loop.flows->send(flow, Bytes("only this"), 0));
            loop.run_until([&] { return server.accepted[0]->received == "only this"; });
            CHECK(loop.counters().pings.value() == 0);
            continue;
        }
        loop.run_until([&] { return server.accepted[0]->received == "\r\n\r\n\r\n\r\n"; });
        CHECK(loop.counters().pings.value() == 2);
        CHECK(loop.flows->is_open(flow.id));
    }
}
