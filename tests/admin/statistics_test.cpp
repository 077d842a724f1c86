#include "admin/statistics.hpp"
#include "admin/store_fake.hpp"
#include "registration/binding_fixture.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace roundabout;
using namespace roundabout::admin;

namespace {

std::uint64_t value_of(const Statistics& statistics, std::string_view name) {
    for (const auto& [each, value] : statistics) {
        if (each == name)
            return value;
    }
    FAIL("no counter ", name);
    return 0;
}

} // namespace

TEST_CASE("Counters are summed over the workers, each under a name of its own") {
    std::array<proxy::Counters, 2> proxy;
    std::array<transaction::Counters, 2> transaction;
    std::array<transport::Counters, 2> transport;
    proxy[0].requests_forwarded.add(2);
    proxy[1].requests_forwarded.add(3);
    proxy[1].unreachable.add(7);
    transaction[0].servers_started.add(4);
    transaction[1].servers_started.add(5);
    transaction[1].events_dropped.add(6);
    transaction[0].live.set(8);
    transaction[1].live.set(9);
    transaction[1].live.set(1);
    transport[0].received.add(11);
    transport[1].unexpected.add(1);
    registration::BindingTable bindings(HashKey{1, 2});
    test::StoreFake store;
    registration::ChangeSet changes;
    changes.upserts.push_back(test::sample_binding(1));
    bindings.apply(std::move(changes));
    const std::vector<registration::Binding> pending{test::sample_binding(2),
                                                     test::sample_binding(3)};
    bindings.add_pending(pending, 9);

    proxy::ServerHealth servers;
    const Candidate place{Transport::udp, *Endpoint::parse("192.0.2.10:5060")};
    servers.know({{"pbx", place, {}}});
    servers.failed(place, TimePoint{}, std::chrono::seconds(30));

    const Statistics all = gather({{&proxy[0], &proxy[1]},
                                   {&transaction[0], &transaction[1]},
                                   {&transport[0], &transport[1]},
                                   &bindings,
                                   &store,
                                   {},
                                   &servers});

    CHECK(value_of(all, "workers") == 2);
    CHECK(value_of(all, "bindings") == 1);
    CHECK(value_of(all, "bindings_pending") == 2);
    CHECK(value_of(all, "proxy_requests_forwarded") == 5);
    CHECK(value_of(all, "proxy_unreachable") == 7);
    CHECK(value_of(all, "transaction_servers_started") == 9);
    CHECK(value_of(all, "transaction_events_dropped") == 6);
    CHECK(value_of(all, "transaction_live") == 9);
    CHECK(value_of(all, "transport_received") == 11);
    CHECK(value_of(all, "transport_unexpected") == 1);
    CHECK(value_of(all, "server_up/pbx/udp/192.0.2.10:5060") == 0);
    CHECK(value_of(all, "server_times_down/pbx/udp/192.0.2.10:5060") == 1);
    CHECK(value_of(all, "store_commits") == store.counts().commits);
    std::set<std::string> names;
    for (const auto& [name, value] : all)
        names.insert(name);
    CHECK(names.size() == all.size());
}
