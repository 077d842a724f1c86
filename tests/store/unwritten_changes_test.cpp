#include "registration/binding_fixture.hpp"
#include "store/outcomes.hpp"
#include "store/unwritten_changes.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::store;
using namespace roundabout::test;
using registration::Binding;
using registration::ChangeSet;

namespace {

Binding with_version(std::uint64_t version) {
    Binding binding = storable_binding(1);
    binding.version = version;
    return binding;
}

} // namespace

TEST_CASE(
    "unwritten changes: of several for one binding the newest stays, in whatever order they come") {
    const auto id = storable_binding(1).id;
    UnwrittenChanges changes;
    changes.add(upsert_of(with_version(5)));
    changes.add(upsert_of(with_version(4)));
    CHECK(changes.size() == 1);
    changes.add(removal_of(id, 7));
    changes.add(upsert_of(with_version(6)));
    CHECK(changes.size() == 1);
    const ChangeSet ended = changes.take();
    CHECK(ended.upserts.empty());
    CHECK(ended.removals.at(0).version == 7);
    changes.add(upsert_of(with_version(8)));
    changes.add(removal_of(id, 7));
    CHECK(changes.take().upserts.at(0).version == 8);
    CHECK(changes.empty());
}

TEST_CASE("unwritten versions: a binding is volatile until its newest change is written") {
    const auto id = storable_binding(1).id;
    UnwrittenVersions versions;
    versions.add(upsert_of(with_version(5)));
    versions.add(removal_of(id, 6));
    CHECK(versions.size() == 1);
    versions.written(upsert_of(with_version(5)));
    CHECK(versions.has(id));
    versions.written(upsert_of(2));
    versions.written(removal_of(id, 6));
    CHECK_FALSE(versions.has(id));
    CHECK(versions.size() == 0);
}

TEST_CASE("unwritten changes: what comes back unwritten does not replace what came since") {
    UnwrittenChanges changes;
    changes.add(upsert_of(with_version(5)));
    ChangeSet taken = changes.take();
    CHECK(changes.empty());
    REQUIRE(taken.upserts.size() == 1);
    changes.add(upsert_of(with_version(6)));
    changes.add(std::move(taken));
    CHECK(changes.take().upserts.at(0).version == 6);
}

TEST_CASE("recent removals: an older change that arrives after its removal is dropped, a newer one "
          "is not") {
    const auto id = storable_binding(1).id;
    RecentRemovals removals;
    removals.remember({id, {}, 0, 7});
    for (int age = 0; age < 3; ++age) {
        ChangeSet older = upsert_of(with_version(6));
        ChangeSet newer = upsert_of(with_version(8));
        ChangeSet another = upsert_of(2);
        CHECK(removals.drop_overtaken(older).upserts.size() == (age < 2 ? 1 : 0));
        CHECK(removals.drop_overtaken(newer).empty());
        CHECK(removals.drop_overtaken(another).empty());
        CHECK(older.empty() == (age < 2)); // two turns later it is forgotten
        CHECK(newer.size() == 1);
        CHECK(another.size() == 1);
        removals.turn();
    }
}
