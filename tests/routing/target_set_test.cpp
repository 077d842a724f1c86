#include "routing/scene_fixture.hpp"
#include "routing/target_set.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::routing;
using namespace roundabout::test;

namespace {

using Where = roundabout::test::Place;

Target device(std::uint8_t id, std::uint16_t q) {
    ClientPlace place = wss_client(id);
    place.binding.emplace().bytes.fill(id);
    Target target;
    target.where = ToClient{place};
    target.request_uri = "sip:" + std::to_string(id) + "@x";
    target.q = q;
    return target;
}

std::string uris(const std::vector<Target>& targets) {
    std::string all;
    for (const Target& target : targets)
        all += target.request_uri.substr(4, target.request_uri.find('@') - 4) + " ";
    return all;
}

/// Devices of bob in the client cache, with these q.
Facts devices(const std::vector<std::uint16_t>& qs) {
    std::vector<registration::Binding> bound;
    for (std::size_t i = 0; i < qs.size(); ++i) {
        const auto id = static_cast<std::uint8_t>(i + 1);
        bound.push_back(binding("sip:bob@pbx.test", "sip:" + std::to_string(id) + "@x", "pbx", id));
        bound.back().q = qs[i];
    }
    return knows(std::move(bound));
}

} // namespace

TEST_CASE("target set: the highest q goes first, equals in the order of their bindings") {
    std::vector<Target> targets{device(4, 500), device(2, 1000), device(3, 500), device(1, 1000),
                                device(5, 0)};
    put_in_order(targets);
    CHECK(uris(targets) == "1 2 3 4 5 ");
    CHECK(group_size(targets, 0) == 2);
    CHECK(group_size(targets, 2) == 2);
    CHECK(group_size(targets, 4) == 1);
    CHECK(group_size(targets, 5) == 0);
}

TEST_CASE("target set: more than a branch can name are left out, the last in order") {
    std::vector<Target> targets;
    for (int i = 0; i < 300; ++i)
        targets.push_back(device(1, static_cast<std::uint16_t>(i)));
    put_in_order(targets);
    CHECK(targets.size() == targets_limit);
    CHECK(targets.front().q == 299);
    CHECK(targets.back().q == 45);
}

TEST_CASE("R29 Max-Breadth: 60 where none is named, never more, an unreadable one is as none") {
    const auto breadth = [](const std::string& value) {
        return incoming_breadth(request("INVITE", "sip:b@b.test", {"Max-Breadth: " + value}));
    };
    CHECK(incoming_breadth(request("INVITE", "sip:b@b.test")) == 60);
    CHECK(breadth("1") == 1);
    CHECK(breadth("59") == 59);
    CHECK(breadth("61") == 60);
    CHECK(breadth("99999999999999999999") == 60);
    CHECK(breadth("-1") == 60);
    CHECK(breadth("many") == 60);
    CHECK(breadth("0") == 0);
}

TEST_CASE("R29 Max-Breadth: the shares of a group make up the whole, and each gets one at least") {
    for (std::uint32_t breadth = 1; breadth <= 60; ++breadth) {
        for (std::size_t size = 1; size <= breadth; ++size) {
            std::vector<std::uint32_t> shares;
            for (std::size_t i = 0; i < size; ++i)
                shares.push_back(share_of_breadth(breadth, size, i));
            CHECK(std::accumulate(shares.begin(), shares.end(), 0U) == breadth);
            CHECK(shares.back() >= 1);
            CHECK(shares.front() - shares.back() <= 1);
        }
    }
}

TEST_CASE("R29 a fork broader than Max-Breadth is answered 440, one after the other is not") {
    Where where;
    const auto invite = request("INVITE", "sip:bob@proxy.test", {"Max-Breadth: 2"});
    const auto status = [&](const std::vector<std::uint16_t>& qs) {
        const Decision decision = where.decide(invite, where.server("pbx"), devices(qs));
        return decision.verdict == Decision::Verdict::forward ? 0 : int{decision.status};
    };
    CHECK(status({1000, 1000, 1000}) == 440);
    CHECK(status({1000, 500, 500, 500}) == 440);
    CHECK(status({1000, 1000}) == 0);
    CHECK(status({1000, 1000, 500, 500, 100}) == 0);
    const Decision decision =
        where.decide(invite, where.server("pbx"), devices({1000, 1000, 1000}));
    CHECK(decision.rule == Rule::breadth);
}

TEST_CASE("a user's devices are targets in the order of their q") {
    Where where;
    const auto invite = request("INVITE", "sip:bob@proxy.test");
    const Decision decision = where.decide(invite, where.server("pbx"), devices({300, 1000, 700}));
    CHECK(uris(decision.targets) == "2 3 1 ");
}

TEST_CASE("R21 a SIPS URI never leaves by UDP, TCP or WS, whatever its transport parameter says") {
    Where where;
    const auto ask = [&](Transport transport, std::string_view uri) {
        where.config.servers[1].transport = transport;
        return where.decide(request("INVITE", uri), Where::client());
    };
    for (const Transport open : {Transport::udp, Transport::tcp, Transport::ws}) {
        const Decision refused = ask(open, "sips:bob@carrier.test;transport=tls");
        CHECK(refused.status == 480);
        CHECK(refused.rule == Rule::sips);
        CHECK(ask(open, "sip:bob@carrier.test").verdict == Decision::Verdict::forward);
    }
    for (const Transport secure : {Transport::tls, Transport::wss}) {
        CHECK(ask(secure, "SIPS:bob@carrier.test").verdict == Decision::Verdict::forward);
        CHECK(ask(secure, "sips:bob@carrier.test;transport=tcp").verdict ==
              Decision::Verdict::forward);
    }
}

TEST_CASE("R21 a SIPS URI calls those of a user's devices alone that are on secure flows") {
    Where where;
    const auto secure = binding("sip:bob@pbx.test", "sip:1@x", "pbx", 1);
    auto open = binding("sip:bob@pbx.test", "sip:2@x", "pbx", 2);
    open.flow.transport = Transport::ws;
    const auto called = [&](std::string_view uri) {
        return uris(where.decide(request("INVITE", uri), where.server("pbx"), knows({open, secure}))
                        .targets);
    };
    CHECK(called("sips:bob@proxy.test") == "1 ");
    CHECK(called("sip:bob@proxy.test") == "1 2 ");
}

TEST_CASE("R21 within a dialog a SIPS Contact is reached where its peer is") {
    Where where;
    const auto bye = request("BYE", "sips:a@h.invalid",
                             {"Route: " + where.route(where.server_place("pbx"), Side::callee),
                              "To: <sip:b@b.test>;tag=t1"});
    CHECK(where.decide(bye, Where::client()).verdict == Decision::Verdict::forward);
}
