#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;
using namespace std::chrono_literals;

namespace {

sip::Message options(int number, const std::string& uri = "sip:bob@pbx.test") {
    return request("OPTIONS", uri,
                   {via("z9hG4bKoptions" + std::to_string(number)),
                    "Call-ID: options-" + std::to_string(number)});
}

// A scene with other limits than the default ones.
class Limited : public ProxyScene {
  public:
    explicit Limited(const std::function<void(config::Config&)>& change) {
        place.config.unknown_source = config::UnknownSource::reject;
        change(place.config);
        reconfigure();
    }
};

void one_a_second(config::Config& config) {
    config.limits.messages_per_source = 1;
    config.limits.messages_burst = 2;
}

} // namespace

TEST_CASE("limits: requests of one source beyond its rate are dropped and counted") {
    Limited scene(one_a_second);
    for (int i = 0; i < 5; ++i)
        scene.arrive(outsider(), options(i));
    CHECK(scene.sent() == "403 192.0.2.99:5060, 403 192.0.2.99:5060");
    CHECK(scene.counters.source_limit.value() == 3);
    Flow other_port = outsider();
    other_port.remote.port = 5099;
    scene.arrive(other_port, options(10));
    CHECK(scene.sent().empty());
    Flow elsewhere = outsider();
    elsewhere.remote = *Endpoint::parse("192.0.2.98:5060");
    scene.arrive(elsewhere, options(11));
    CHECK(scene.sent() == "403 192.0.2.98:5060");
    scene.pass(1s);
    scene.arrive(outsider(), options(12));
    CHECK(scene.sent() == "403 192.0.2.99:5060");
}

TEST_CASE("limits: a flood of REGISTERs reaches the server at the rate of its source") {
    Limited scene(one_a_second);
    const auto flood = [&](int first) {
        for (int i = first; i < first + 20; ++i)
            scene.arrive(phone(), request("REGISTER", "sip:pbx.test",
                                          {via("z9hG4bKregister" + std::to_string(i)),
                                           "Contact: <sip:a@203.0.113.9:5062>"}));
    };
    flood(0);
    CHECK(scene.sent() == "REGISTER pbx, REGISTER pbx");
    CHECK(scene.counters.source_limit.value() == 18);
    scene.pass(1s);
    static_cast<void>(scene.sent());
    flood(20);
    CHECK(scene.counters.requests_forwarded.value() == 3);
}

TEST_CASE("limits: malformed requests count for their source too") {
    Limited scene(one_a_second);
    for (int i = 0; i < 4; ++i)
        scene.arrive(outsider(), "OPTIONS sip:bob@pbx.test SIP/2.0\r\n"
                                 "Via: SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKx\r\n\r\n");
    CHECK(scene.counters.requests_malformed.value() == 2);
    CHECK(scene.counters.source_limit.value() == 2);
}

TEST_CASE("limits: a trusted server has no rate") {
    Limited scene(one_a_second);
    scene.bind("sip:a@pbx.test", 1);
    for (int i = 0; i < 10; ++i)
        scene.arrive(pbx(), options(i, "sip:c1@192.0.2.1"));
    CHECK(scene.counters.requests_forwarded.value() == 10);
    CHECK(scene.counters.source_limit.value() == 0);
}

TEST_CASE("limits: a registered client has no rate unless one is configured") {
    Limited scene(one_a_second);
    scene.bind("sip:a@pbx.test", 1);
    for (int i = 0; i < 10; ++i)
        scene.arrive(browser(1), options(i));
    CHECK(scene.counters.requests_forwarded.value() == 10);
}

TEST_CASE("limits: beyond a rate of its own a registered client is told 503 and when to retry") {
    Limited scene([](config::Config& config) {
        config.limits.client_messages = 1;
        config.limits.client_burst = 1;
        config.limits.retry_after = 7;
    });
    scene.bind("sip:a@pbx.test", 1);
    scene.bind("sip:b@pbx.test", 2);
    scene.arrive(browser(1), options(1));
    scene.arrive(browser(1), options(2));
    scene.arrive(browser(2), options(3));
    CHECK(scene.sent() == "OPTIONS pbx, 503 browser1, OPTIONS pbx");
    CHECK(value(scene.last("503 browser1").bytes, "Retry-After") == "7");
    CHECK(scene.counters.client_limit.value() == 1);
    CHECK(scene.layer.servers.size() == 2);
}

TEST_CASE("limits: the ACK to an accepted call passes, whatever its source has sent") {
    Limited scene(one_a_second);
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 200, "Contact: <sip:bob@198.51.100.2:5070>\r\n");
    CHECK(scene.sent() == "200 browser1");
    for (int i = 0; i < 5; ++i)
        scene.arrive(browser(1), options(i));
    static_cast<void>(scene.sent());
    CHECK(scene.counters.source_limit.value() > 0);
    scene.arrive(browser(1),
                 request("ACK", contact_uri(scene.last("200 browser1")),
                         {route_back(scene.last("200 browser1")), answered_to, via("z9hG4bKack")}));
    scene.connected(carrier(1), true);
    CHECK(scene.sent() == "ACK carrier");
}

TEST_CASE("limits: beyond the transactions under way a new request is told 503, statelessly") {
    Limited scene([](config::Config& config) { config.limits.transactions = 1; });
    scene.call_carrier();
    const sip::Message second = options(2);
    scene.arrive(browser(1), second);
    CHECK(scene.sent() == "503 browser1");
    const std::string answer = scene.last("503 browser1").bytes;
    CHECK(value(answer, "Retry-After") == "10");
    CHECK(scene.layer.servers.size() == 1);
    CHECK(scene.counters.transaction_limit.value() == 1);
    scene.arrive(browser(1), second);
    CHECK(scene.sent() == "503 browser1");
    CHECK(scene.last("503 browser1").bytes == answer); // the same To tag (RFC 3261 8.2.7)
}

TEST_CASE("limits: with all transactions taken, ACK, CANCEL and BYE still pass") {
    Limited scene([](config::Config& config) { config.limits.transactions = 1; });
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 200, "Contact: <sip:bob@198.51.100.2:5070>\r\n");
    CHECK(scene.sent() == "200 browser1");
    const std::string target = contact_uri(scene.last("200 browser1"));
    const std::string route = route_back(scene.last("200 browser1"));
    scene.arrive(browser(1), request("ACK", target, {route, answered_to, via("z9hG4bKack")}));
    scene.connected(carrier(1), true);
    CHECK(scene.sent() == "ACK carrier");
    scene.arrive(browser(1), request("BYE", target, {route, answered_to, via("z9hG4bKbye")}));
    scene.connected(carrier(1), true);
    CHECK(scene.sent() == "BYE carrier");
}

TEST_CASE("limits: a call under way can be cancelled with all transactions taken") {
    Limited scene([](config::Config& config) { config.limits.transactions = 1; });
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 180);
    CHECK(scene.sent() == "180 browser1");
    scene.arrive(browser(1), request("CANCEL", "sip:bob@carrier.test"));
    CHECK(scene.sent() == "200 browser1, CANCEL carrier");
}

TEST_CASE("limits: a source that is told nothing is told nothing of the load either") {
    Limited scene([](config::Config& config) {
        config.limits.transactions = 1;
        config.unknown_source = config::UnknownSource::drop;
    });
    scene.call_carrier();
    scene.arrive(outsider(), options(1));
    CHECK(scene.sent().empty());
    CHECK(scene.counters.transaction_limit.value() == 1);
}
