#include "registration/binding_fixture.hpp"
#include "store/child.hpp"
#include "store/faulty_disk.hpp"
#include "store/outcomes.hpp"
#include "store/sqlite_binding_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>

using namespace roundabout;
using namespace roundabout::store;
using namespace roundabout::test;
using namespace std::chrono_literals;
using registration::Binding;
using registration::BindingId;

namespace {

constexpr WallTime before_all{1'500'000'000s};

using Store = std::unique_ptr<SqliteBindingStore>;

Store open(const SqliteOptions& options, Outcomes& outcomes) {
    auto opened = SqliteBindingStore::open(options, {outcomes.outlet()});
    REQUIRE_MESSAGE(opened.has_value(), opened.error().sentence);
    return std::move(*opened);
}

std::map<BindingId, Binding> load_all(SqliteBindingStore& store) {
    std::map<BindingId, Binding> all;
    const auto loaded = store.load(before_all, 100, [&](const std::vector<Binding>& page) {
        for (const Binding& binding : page)
            all.emplace(binding.id, binding);
    });
    REQUIRE(loaded.has_value());
    CHECK(loaded->damaged == 0);
    CHECK_FALSE(loaded->unreadable);
    return all;
}

/// What was asked and answered of some bindings, and what may be found afterwards.
class Ledger {
  public:
    void submitted(const registration::ChangeSet& changes) {
        for (const Binding& binding : changes.upserts)
            submitted_[binding.id].emplace(binding.version, true);
        for (const registration::Removal& removal : changes.removals)
            submitted_[removal.id].emplace(removal.version, false);
    }
    void answered(std::uint64_t version) {
        ++answers_;
        for (const auto& [id, versions] : submitted_) {
            if (versions.contains(version))
                answered_[id] = std::max(answered_[id], version);
        }
    }
    void check(const std::map<BindingId, Binding>& found) const {
        for (const auto& [id, versions] : submitted_) {
            const auto at = answered_.find(id);
            const std::uint64_t least = at == answered_.end() ? 0 : at->second;
            const auto row = found.find(id);
            if (row != found.end()) {
                const std::uint64_t version = row->second.version;
                CHECK(version >= least);
                REQUIRE(versions.contains(version));
                CHECK(versions.at(version));
            } else {
                const bool may_be_gone =
                    least == 0 || std::any_of(versions.lower_bound(least), versions.end(),
                                              [](const auto& each) { return !each.second; });
                CHECK(may_be_gone);
            }
        }
    }

    /// How many changes were said to be on disk.
    [[nodiscard]] std::size_t answers() const noexcept { return answers_; }

  private:
    std::size_t answers_ = 0;
    std::map<BindingId, std::map<std::uint64_t, bool>> submitted_; ///< version: is an upsert
    std::map<BindingId, std::uint64_t> answered_;
};

/// A random change to one of a few bindings.
registration::ChangeSet some_change(std::mt19937& random, std::uint64_t version) {
    Binding binding = storable_binding(static_cast<std::uint32_t>(random() % 12));
    if (random() % 5 == 0)
        return removal_of(binding.id, version);
    binding.version = version;
    return upsert_of(binding);
}

/// Registers and removes until the disk is cut off, on a disk that fails now and then.
void work_until_cut(SqliteBindingStore& store, FaultyDisk& disk, Outcomes& outcomes, Ledger& ledger,
                    std::mt19937& random) {
    std::uint64_t version = 0;
    std::uint64_t unanswered = 0;
    const auto take_answer = [&] {
        const Committed committed = outcomes.committed();
        --unanswered;
        if (committed.stored)
            ledger.answered(committed.ticket);
    };
    while (!disk.is_cut()) {
        const registration::ChangeSet change = some_change(random, ++version);
        ledger.submitted(change);
        store.commit(change, {0, version});
        ++unanswered;
        if (random() % 25 == 0)
            random() % 2 == 0 ? disk.fail(true) : disk.fill(true);
        if (random() % 4 == 0)
            take_answer();
        disk.fail(false);
        disk.fill(false);
    }
    store.stop();
    while (unanswered != 0)
        take_answer();
}

} // namespace

TEST_CASE("store: with full durability no registration that was answered for is missing after a "
          "power cut at any of hundreds of moments, on a disk that also fails and fills") {
    std::size_t answers = 0;
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const TemporaryDirectory directory;
        FaultyDisk disk;
        SqliteOptions options{.path = directory.file("clients.db"), .wait = 20ms, .retry = 1ms};
        Ledger ledger;
        Outcomes outcomes;
        {
            SqliteOptions faulty = options;
            faulty.vfs = disk.name();
            const Store store = open(faulty, outcomes);
            disk.cut_after(random() % 300);
            work_until_cut(*store, disk, outcomes, ledger, random);
        }
        disk.lose_power(random);
        const Store store = open(options, outcomes);
        ledger.check(load_all(*store));
        answers += ledger.answers();
    }
    CHECK(answers > 1000);
}

TEST_CASE("store: with normal durability no registration that was answered for is missing after a "
          "crash of the process at any moment") {
    std::size_t answers = 0;
    for (std::uint32_t seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const TemporaryDirectory directory;
        FaultyDisk disk;
        SqliteOptions options{.path = directory.file("clients.db"),
                              .durability = Durability::normal,
                              .wait = 20ms,
                              .retry = 1ms};
        Ledger ledger;
        Outcomes outcomes;
        {
            SqliteOptions faulty = options;
            faulty.vfs = disk.name();
            const Store store = open(faulty, outcomes);
            disk.cut_after(random() % 300);
            work_until_cut(*store, disk, outcomes, ledger, random);
        }
        disk.lose_process();
        const Store store = open(options, outcomes);
        ledger.check(load_all(*store));
        answers += ledger.answers();
    }
    CHECK(answers > 1000);
}
