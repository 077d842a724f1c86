#include "transport/bind_check.hpp"
#include "transport/flows_loopback.hpp"

#include <boost/asio/buffer.hpp>

#include <string>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;

TEST_CASE(
    "bind check: a port that another process holds, however shared, is named with the reason") {
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
        FlowSettings settings;
        settings.listeners = {listener_on(transport)};
        const FlowsLoopback daemon(std::move(settings));
        std::vector<ListenerSettings> second{listener_on(transport)};
        second[0].bind = daemon.flows->bound(0);
        const auto fault = check_binds(second);
        REQUIRE(fault);
        CHECK(fault->to_string() ==
              std::string(name(transport)) + " " + second[0].bind.to_string() + ": address in use");
    }
}

TEST_CASE("bind check: an address that this machine lacks is named") {
    std::vector<ListenerSettings> listeners{listener_on(Transport::tcp, "192.0.2.77")};
    listeners[0].bind.port = 5060;
    const auto fault = check_binds(listeners);
    REQUIRE(fault);
    CHECK(fault->to_string() == "tcp 192.0.2.77:5060: this machine does not have that address");
}

TEST_CASE("bind check: port 0 becomes one that all workers can bind") {
    std::vector<ListenerSettings> listeners{listener_on(Transport::udp),
                                            listener_on(Transport::tcp, "::1")};
    REQUIRE_FALSE(check_binds(listeners));
    CHECK(listeners[0].bind.port != 0);
    CHECK(listeners[1].bind.port != 0);
    FlowSettings settings;
    settings.listeners = listeners;
    const FlowsLoopback first(settings);
    const FlowsLoopback second(settings); // a worker beside it
    CHECK(first.flows->bound(0) == second.flows->bound(0));
    CHECK(first.flows->bound(1) == second.flows->bound(1));
}

TEST_CASE("bind check: a TCP port whose connections are in TIME_WAIT is free at once") {
    Endpoint bound;
    {
        FlowSettings settings;
        settings.listeners = {listener_on(Transport::tcp)};
        FlowsLoopback loop(std::move(settings));
        bound = loop.flows->bound(0);
        TcpPeer peer(loop.io, bound);
        loop.run_until([&] { return loop.counters().connections.value() == 1; });
        loop.flows->close_all(); // our end closes first and keeps the TIME_WAIT
        loop.run_until([&] { return peer.ended; });
    }
    std::vector<ListenerSettings> again{listener_on(Transport::tcp)};
    again[0].bind = bound;
    CHECK_FALSE(check_binds(again));
    FlowSettings settings;
    settings.listeners = again;
    const FlowsLoopback restarted(std::move(settings));
    CHECK(restarted.flows->bound(0) == bound);
}
