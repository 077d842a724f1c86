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
    std::array<transport::Counters, 2> transport;
    proxy[0].requests_forwarded.add(2);
    proxy[1].requests_forwarded.add(3);
    proxy[1].unreachable.add(7);
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

    const Statistics all =
        gather({{&proxy[0], &proxy[1]}, {&transport[0], &transport[1]}, &bindings, &store});

    CHECK(value_of(all, "workers") == 2);
    CHECK(value_of(all, "bindings") == 1);
    CHECK(value_of(all, "bindings_pending") == 2);
    CHECK(value_of(all, "proxy_requests_forwarded") == 5);
    CHECK(value_of(all, "proxy_unreachable") == 7);
    CHECK(value_of(all, "transport_received") == 11);
    CHECK(value_of(all, "transport_unexpected") == 1);
    CHECK(value_of(all, "store_commits") == store.counts().commits);
    std::set<std::string> names;
    for (const auto& [name, value] : all)
        names.insert(name);
    CHECK(names.size() == all.size());
}
