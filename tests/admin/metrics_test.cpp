#include "admin/metrics.hpp"
#include "admin/store_fake.hpp"
#include "registration/binding_fixture.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace roundabout;
using namespace roundabout::admin;
using namespace std::chrono_literals;
using transport::MessageCounts;

namespace {

/// What two workers count, and what they share.
struct Scene {
    Scene() {
        for (std::size_t i = 0; i < proxy.size(); ++i) {
            sources.statistics.proxy.push_back(&proxy[i]);
            sources.statistics.transaction.push_back(&transaction[i]);
            sources.statistics.transport.push_back(&transport[i]);
            sources.messages.push_back(&messages[i]);
            sources.measures.push_back(&measures[i]);
            sources.turns.push_back(&turns[i]);
        }
        sources.statistics.bindings = &bindings;
        sources.statistics.store = &store;
        sources.statistics.servers = &servers;
        sources.parked = &parked;
    }

    /// True if it stands there as a line.
    [[nodiscard]] bool has(std::string_view line) const {
        const std::string text = "\n" + metrics_text(sources);
        return text.find("\n" + std::string(line) + "\n") != std::string::npos;
    }

    std::array<proxy::Counters, 2> proxy;
    std::array<transaction::Counters, 2> transaction;
    std::array<transport::Counters, 2> transport;
    std::array<MessageCounts, 2> messages;
    std::array<proxy::Measures, 2> measures;
    std::array<WorkingTimes, 2> turns;
    registration::BindingTable bindings{HashKey{1, 2}};
    test::StoreFake store;
    proxy::ServerHealth servers;
    transport::Inboxes inboxes;
    proxy::Parked parked{inboxes};
    MetricsSources sources;
};

} // namespace

TEST_CASE("metrics: messages are summed over the workers by method, transport, direction, code") {
    Scene scene;
    using Way = MessageCounts::Way;
    scene.messages[0].add(Way::received, Transport::udp, {sip::Method::invite, 0});
    scene.messages[1].add(Way::received, Transport::udp, {sip::Method::invite, 0});
    scene.messages[1].add(Way::sent, Transport::wss, {sip::Method::bye, 481});
    scene.messages[1].add(Way::sent, Transport::tls, {sip::Method::other, 299});
    const std::string name = "roundabout_sip_messages_total";
    CHECK(scene.has(name + R"({method="INVITE",transport="udp",direction="received",code=""} 2)"));
    CHECK(scene.has(name + R"({method="BYE",transport="wss",direction="sent",code="481"} 1)"));
    CHECK(scene.has(name + R"({method="other",transport="tls",direction="sent",code="2xx"} 1)"));
    CHECK(metrics_text(scene.sources).find("CANCEL") == std::string::npos); // never happened
}

TEST_CASE("metrics: what was decided is counted by its rule, what was turned away by its reason") {
    Scene scene;
    scene.measures[0].dropped.add(routing::Rule::unknown_source);
    scene.measures[1].dropped.add(routing::Rule::unknown_source);
    scene.measures[1].refused.add(Error::source_message_limit);
    scene.proxy[0].source_limit.add(4);
    CHECK(scene.has(R"(roundabout_requests_decided_total{decision="dropped",rule=")" +
                    std::string(routing::words(routing::Rule::unknown_source)) + "\"} 2"));
    CHECK(scene.has(R"(roundabout_messages_refused_total{reason=")" +
                    std::string(sentence(Error::source_message_limit)) + "\"} 1"));
    CHECK(scene.has(R"(roundabout_limit_drops_total{limit="messages_per_source"} 4)"));
    CHECK(scene.has(R"(roundabout_events_total{event="proxy_source_limit"} 4)"));
}

TEST_CASE("metrics: buckets of times are cumulative, in seconds, and one a method that came") {
    Scene scene;
    constexpr auto invite = static_cast<std::size_t>(sip::Method::invite);
    scene.measures[0].final_response[invite].add(2ms);
    scene.measures[1].final_response[invite].add(4ms);
    const std::string name = "roundabout_final_response_seconds";
    CHECK(scene.has(name + R"(_bucket{method="INVITE",le="0.001"} 0)"));
    CHECK(scene.has(name + R"(_bucket{method="INVITE",le="0.0025"} 1)"));
    CHECK(scene.has(name + R"(_bucket{method="INVITE",le="0.005"} 2)"));
    CHECK(scene.has(name + R"(_bucket{method="INVITE",le="+Inf"} 2)"));
    CHECK(scene.has(name + R"(_count{method="INVITE"} 2)"));
    CHECK(scene.has(name + R"(_sum{method="INVITE"} 0.006)"));
}

TEST_CASE("metrics: state is there also where it is nought") {
    Scene scene;
    registration::ChangeSet changes;
    changes.upserts.push_back(test::sample_binding(1));
    changes.upserts.back().server = "pbx";
    scene.bindings.apply(std::move(changes));
    const Candidate place{Transport::udp, *Endpoint::parse("192.0.2.10:5060")};
    scene.servers.know({{"pbx", place, {}}});
    scene.servers.failed(place, TimePoint{}, 30s);
    scene.sources.statistics.certificates = [] {
        return Statistics{{"certificate_days_left/tls/192.0.2.1:5061", 12}};
    };
    CHECK(scene.has("roundabout_workers 2"));
    CHECK(scene.has("roundabout_transactions 0"));
    CHECK(scene.has("roundabout_parked_requests 0"));
    CHECK(scene.has("roundabout_store_degraded 0"));
    CHECK(scene.has("roundabout_store_failures_total 0"));
    CHECK(scene.has(R"(roundabout_connections{transport="wss"} 0)"));
    CHECK(scene.has(R"(roundabout_bindings{server="pbx"} 1)"));
    const std::string where = R"({server="pbx",transport="udp",address="192.0.2.10:5060"})";
    CHECK(scene.has("roundabout_server_up" + where + " 0"));
    CHECK(scene.has("roundabout_server_down_total" + where + " 1"));
    CHECK(
        scene.has(R"(roundabout_certificate_left_seconds{listener="tls/192.0.2.1:5061"} 1036800)"));
}
