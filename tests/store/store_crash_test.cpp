#include "registration/binding_fixture.hpp"
#include "store/child.hpp"
#include "store/outcomes.hpp"
#include "store/sqlite_binding_store.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace roundabout;
using namespace roundabout::store;
using namespace roundabout::test;

TEST_CASE("store: after kill -9 at any moment every binding that was answered for is there") {
    std::mt19937 random; // the same moments in each run, as far as the machine lets them be
    for (int round = 0; round < 12; ++round) {
        const TemporaryDirectory directory;
        const std::string path = directory.file("clients.db");
        Child writer({"fill", path});
        std::set<registration::BindingId> answered;
        const std::uint_fast32_t moment = 1 + (random() % 400);
        while (answered.size() < moment) {
            const std::string number = writer.line();
            REQUIRE_FALSE(number.empty());
            answered.insert(storable_binding(static_cast<std::uint32_t>(std::stoul(number))).id);
        }
        writer.kill();
        for (std::string number = writer.line(); !number.empty(); number = writer.line())
            answered.insert(storable_binding(static_cast<std::uint32_t>(std::stoul(number))).id);

        Outcomes outcomes;
        auto opened = SqliteBindingStore::open({.path = path}, {outcomes.outlet()});
        REQUIRE(opened.has_value());
        const auto loaded = (*opened)->load(WallTime(std::chrono::seconds(1'500'000'000)), 1000,
                                            [&](const std::vector<registration::Binding>& page) {
                                                for (const registration::Binding& binding : page)
                                                    answered.erase(binding.id);
                                            });
        REQUIRE(loaded.has_value());
        CHECK(loaded->damaged == 0);
        CHECK(answered.empty());
    }
}
