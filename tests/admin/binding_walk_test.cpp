#include "admin/binding_walk.hpp"
#include "registration/binding_fixture.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace roundabout;
using namespace roundabout::admin;
using registration::Binding;
using registration::BindingTable;

namespace {

constexpr auto noon = WallTime(std::chrono::seconds(1'700'000'000));

void put(BindingTable& table, std::vector<Binding> bindings) {
    registration::ChangeSet changes;
    changes.upserts = std::move(bindings);
    table.apply(std::move(changes));
}

std::vector<Binding> samples(std::uint32_t count) {
    std::vector<Binding> bindings;
    for (std::uint32_t i = 0; i < count; ++i)
        bindings.push_back(test::sample_binding(i));
    return bindings;
}

std::vector<Binding> all_of(BindingWalk& walk) {
    std::vector<Binding> met;
    while (const auto piece = walk.next(noon))
        met.insert(met.end(), piece->begin(), piece->end());
    return met;
}

} // namespace

TEST_CASE("A walk meets each of several thousand bindings once, a piece at a time") {
    BindingTable table(HashKey{1, 2});
    put(table, samples(3500));
    BindingWalk walk(table, {});
    std::set<registration::BindingId> ids;
    std::size_t met = 0;
    while (const auto piece = walk.next(noon)) {
        CHECK(piece->size() <= 1000);
        met += piece->size();
        for (const Binding& binding : *piece)
            ids.insert(binding.id);
    }
    CHECK(met == 3500);
    CHECK(ids.size() == 3500);
    CHECK_FALSE(walk.next(noon));
}

TEST_CASE("A walk goes on past pieces in which nothing matches") {
    BindingTable table(HashKey{1, 2});
    put(table, samples(3500));
    for (const std::uint32_t wanted : {0U, 1700U, 3499U}) {
        BindingFilter filter;
        filter.user = "c" + std::to_string(wanted);
        BindingWalk walk(table, filter);
        const std::vector<Binding> met = all_of(walk);
        REQUIRE(met.size() == 1);
        CHECK(met[0].id == test::sample_binding(wanted).id);
    }
}

TEST_CASE("A walk for one id meets that binding alone, and only if the other conditions hold") {
    BindingTable table(HashKey{1, 2});
    put(table, samples(10));
    BindingFilter filter;
    filter.id = test::sample_binding(4).id;
    BindingWalk one(table, filter);
    CHECK(all_of(one).size() == 1);
    filter.server = "another";
    BindingWalk none(table, filter);
    CHECK(all_of(none).empty());
    filter = {};
    filter.id = test::sample_binding(11).id;
    BindingWalk unknown(table, filter);
    CHECK(all_of(unknown).empty());
}

TEST_CASE("A pending binding is not met: nobody has granted it yet") {
    BindingTable table(HashKey{1, 2});
    const std::vector<Binding> pending = samples(1);
    table.add_pending(pending, 1);
    BindingFilter filter;
    filter.id = pending[0].id;
    BindingWalk walk(table, filter);
    CHECK(all_of(walk).empty());
}

TEST_CASE("Removals end the bindings that were met") {
    BindingTable table(HashKey{1, 2});
    put(table, samples(5));
    BindingWalk walk(table, {});
    const std::vector<Binding> met = all_of(walk);
    const registration::ChangeSet done = table.apply(removals_of(met));
    CHECK(done.removals.size() == 5);
    CHECK(table.size() == 0);
}

TEST_CASE("A binding that is refreshed between being met and being removed stays") {
    BindingTable table(HashKey{1, 2});
    put(table, samples(1));
    BindingWalk walk(table, {});
    const std::vector<Binding> met = all_of(walk);
    Binding refreshed = met[0];
    ++refreshed.cseq;
    put(table, {refreshed});
    CHECK(table.apply(removals_of(met)).removals.empty());
    CHECK(table.size() == 1);
}
