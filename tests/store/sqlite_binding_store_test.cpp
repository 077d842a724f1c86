#include "registration/binding_fixture.hpp"
#include "store/child.hpp"
#include "store/outcomes.hpp"
#include "store/sqlite_binding_store.hpp"

#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/stat.h>

using namespace roundabout;
using namespace roundabout::store;
using namespace roundabout::test;
using namespace std::chrono_literals;
using registration::Binding;

namespace {

constexpr WallTime before_all{1'500'000'000s};

using Store = std::unique_ptr<SqliteBindingStore>;

Store open(const SqliteOptions& options, std::vector<Outlet> outlets) {
    auto opened = SqliteBindingStore::open(options, std::move(outlets));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().sentence);
    return std::move(*opened);
}

Failure refusal(const SqliteOptions& options) {
    Outcomes unused;
    auto opened = SqliteBindingStore::open(options, {unused.outlet()});
    REQUIRE_FALSE(opened.has_value());
    return opened.error();
}

std::vector<Binding> load_all(SqliteBindingStore& store, LoadSummary* summary = nullptr) {
    std::vector<Binding> all;
    const StoreResult<LoadSummary> loaded =
        store.load(before_all, 100, [&](const std::vector<Binding>& page) {
            CHECK(page.size() <= 100);
            all.insert(all.end(), page.begin(), page.end());
        });
    REQUIRE(loaded.has_value());
    CHECK(loaded->loaded == all.size());
    if (summary != nullptr)
        *summary = *loaded;
    return all;
}

std::string contents(const std::string& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

unsigned rights(const std::string& path) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777U;
}

} // namespace

TEST_CASE("store: what was answered as stored is there when it is opened again") {
    const TemporaryDirectory directory;
    const SqliteOptions options{.path = directory.file("clients.db")};
    for (const Durability durability : {Durability::full, Durability::normal}) {
        Outcomes outcomes;
        SqliteOptions durable = options;
        durable.durability = durability;
        const Store store = open(durable, {outcomes.outlet()});
        CHECK(store->had_rows() == (durability == Durability::normal));
        const std::uint32_t number = durability == Durability::full ? 1 : 2;
        store->commit(upsert_of(number), {0, 77});
        const Committed committed = outcomes.committed();
        CHECK(committed.ticket == 77);
        CHECK(committed.stored);
        CHECK(committed.why == Error::none);
    }
    Outcomes outcomes;
    const Store store = open(options, {outcomes.outlet()});
    const std::vector<Binding> all = load_all(*store);
    REQUIRE(all.size() == 2);
    const bool in_order = all[0].id == storable_binding(1).id;
    CHECK(same(all[in_order ? 0 : 1], storable_binding(1)));
    CHECK(same(all[in_order ? 1 : 0], storable_binding(2)));
}

TEST_CASE("store: each worker hears of its own, a whole group commit in few calls") {
    const TemporaryDirectory directory;
    std::vector<Outcomes> workers(2);
    const Store store =
        open({.path = directory.file("clients.db")}, {workers[0].outlet(), workers[1].outlet()});
    constexpr std::uint32_t many = 20'000;
    for (std::uint32_t i = 0; i < many; ++i)
        store->commit(upsert_of(i), {i % 2, i + 1});
    for (std::uint32_t i = 0; i < many; ++i) {
        const Committed committed = workers[i % 2].committed();
        CHECK(committed.stored);
        CHECK(committed.ticket % 2 == (i % 2 == 0 ? 1 : 0));
    }
    CHECK(workers[0].batches() <= store->counts().commits);
    CHECK(store->counts().commits < many / 10);
    CHECK(store->counts().rows_written == many);
    CHECK(store->counts().waiting == 0);
    CHECK(load_all(*store).size() == many);
}

TEST_CASE("store: a hundred thousand rows go in by groups and come back by pages") {
    const TemporaryDirectory directory;
    const SqliteOptions options{.path = directory.file("clients.db")};
    constexpr std::uint32_t many = 100'000;
    {
        Outcomes outcomes;
        const Store store = open(options, {outcomes.outlet()});
        registration::ChangeSet changes;
        for (std::uint32_t i = 0; i < many; ++i)
            changes.upserts.push_back(storable_binding(i));
        store->commit(std::move(changes), {0, 1});
        CHECK(outcomes.committed().stored);
        CHECK(store->counts().commits == 1);
    }
    Outcomes outcomes;
    const Store store = open(options, {outcomes.outlet()});
    std::set<registration::BindingId> ids;
    for (const Binding& binding : load_all(*store))
        ids.insert(binding.id);
    CHECK(ids.size() == many);
}

TEST_CASE("store: a removal that arrives before an older registration still counts") {
    const TemporaryDirectory directory;
    Outcomes outcomes;
    const Store store = open({.path = directory.file("clients.db")}, {outcomes.outlet()});
    Binding binding = storable_binding(1);
    store->commit(removal_of(binding.id, 9), {0, 1});
    CHECK(outcomes.committed().stored);
    binding.version = 8;
    store->commit(upsert_of(binding), {0, 2});
    CHECK(outcomes.committed().stored);
    CHECK(load_all(*store).empty());
    binding.version = 10;
    store->commit(upsert_of(binding), {0, 3});
    CHECK(outcomes.committed().stored);
    CHECK(load_all(*store).size() == 1);
}

TEST_CASE("store: a row is found by id, and its absence is no error") {
    const TemporaryDirectory directory;
    Outcomes outcomes;
    const Store store = open({.path = directory.file("clients.db")}, {outcomes.outlet()});
    store->commit(upsert_of(1), {0, 1});
    CHECK(outcomes.committed().stored);
    store->find(ById{storable_binding(1).id}, {0, 2});
    const FoundRows found = outcomes.found();
    CHECK(found.ticket == 2);
    REQUIRE(found.bindings.has_value());
    REQUIRE(found.bindings->size() == 1);
    CHECK(same(found.bindings->front(), storable_binding(1)));
    store->find(ById{storable_binding(2).id}, {0, 3});
    const FoundRows absent = outcomes.found();
    REQUIRE(absent.bindings.has_value());
    CHECK(absent.bindings->empty());
}

TEST_CASE("store: a subscriber hears what has become durable") {
    const TemporaryDirectory directory;
    std::vector<registration::ChangeSet> heard;
    {
        Outcomes outcomes;
        const Store store = open({.path = directory.file("clients.db")}, {outcomes.outlet()});
        store->subscribe([&](const registration::ChangeSet& changes) { heard.push_back(changes); });
        store->commit(upsert_of(1), {});
    }
    REQUIRE(heard.size() == 1);
    CHECK(same(heard[0].upserts.at(0), storable_binding(1)));
}

TEST_CASE("store: what nobody waits for is written all the same, at the latest when it stops") {
    const TemporaryDirectory directory;
    const SqliteOptions options{.path = directory.file("clients.db")};
    Outcomes outcomes;
    {
        const Store store = open(options, {outcomes.outlet()});
        for (std::uint32_t i = 0; i < 1000; ++i)
            store->commit(upsert_of(i), {});
    }
    CHECK(outcomes.waiting() == 0);
    CHECK(load_all(*open(options, {outcomes.outlet()})).size() == 1000);
}

TEST_CASE("store: once stopped it answers stopped") {
    const TemporaryDirectory directory;
    Outcomes outcomes;
    const Store store = open({.path = directory.file("clients.db")}, {outcomes.outlet()});
    store->stop();
    store->stop();
    store->commit(upsert_of(1), {0, 5});
    CHECK(outcomes.committed().why == Error::stopped);
    store->find(ById{storable_binding(1).id}, {0, 6});
    CHECK(to_error(outcomes.found().bindings.error()) == Error::stopped);
}

TEST_CASE("store: database, WAL, shared memory and lock are for the owner alone") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("clients.db");
    Outcomes outcomes;
    {
        const Store store = open({.path = path}, {outcomes.outlet()});
        store->commit(upsert_of(1), {0, 1});
        CHECK(outcomes.committed().stored);
        for (const char* suffix : {"", "-wal", "-shm", ".lock"})
            CHECK(rights(path + suffix) == 0600U);
    }
    ::chmod(path.c_str(), 0644);
    const Store store = open({.path = path}, {outcomes.outlet()});
    CHECK(rights(path) == 0600U);
}

TEST_CASE("store: a second opener is refused while the first is there") {
    const TemporaryDirectory directory;
    const SqliteOptions options{.path = directory.file("clients.db")};
    Child owner({"lock", options.path});
    REQUIRE(owner.line() == "locked");
    const Failure failure = refusal(options);
    CHECK(failure.error == Error::store_locked);
    CHECK(failure.sentence.find(std::to_string(owner.pid())) != std::string::npos);
    owner.kill();
    Outcomes outcomes;
    const Store store = open(options, {outcomes.outlet()});
}

TEST_CASE(
    "store: without a memory to replace it from, a damaged file is refused and left as it is") {
    const TemporaryDirectory directory;
    const SqliteOptions options{.path = directory.file("clients.db")};
    {
        Outcomes outcomes;
        const Store store = open(options, {outcomes.outlet()});
        for (std::uint32_t i = 0; i < 1000; ++i)
            store->commit(upsert_of(i), {});
    }
    const std::string whole = contents(options.path);
    std::string torn = whole;
    for (std::size_t page = 4096; page + 4096 < torn.size(); page += 4096)
        torn.replace(page, 2000, 2000, '\xA5');
    for (const std::string& bytes : {std::string("this is no database\n") + std::string(9000, 'x'),
                                     torn, whole.substr(0, whole.size() / 2)}) {
        std::ofstream(options.path, std::ios::binary | std::ios::trunc) << bytes;
        Outcomes outcomes;
        auto opened = SqliteBindingStore::open(options, {outcomes.outlet()});
        const auto loaded = opened ? (*opened)->load(before_all, 100, [](const auto&) {})
                                   : StoreResult<LoadSummary>(opened.error());
        REQUIRE_FALSE(loaded.has_value());
        CHECK(loaded.error().error == Error::store_corrupt);
        CHECK(loaded.error().sentence.find(options.path) != std::string::npos);
        opened = Failure{};
        CHECK(contents(options.path) == bytes);
    }
}

TEST_CASE("store: a database of a newer schema, and another program's, are refused untouched") {
    const TemporaryDirectory directory;
    const SqliteOptions newer{.path = directory.file("newer.db")};
    {
        Outcomes outcomes;
        const Store store = open(newer, {outcomes.outlet()});
    }
    SQLite::Database(newer.path, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 1000");
    const std::string newer_bytes = contents(newer.path);
    CHECK(refusal(newer).error == Error::store_newer_schema);
    CHECK(contents(newer.path) == newer_bytes);

    const SqliteOptions foreign{.path = directory.file("foreign.db")};
    SQLite::Database(foreign.path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec("CREATE TABLE theirs (x)");
    const std::string foreign_bytes = contents(foreign.path);
    const Failure failure = refusal(foreign);
    CHECK(failure.error == Error::store_unavailable);
    CHECK(failure.sentence.find("another program") != std::string::npos);
    CHECK(contents(foreign.path) == foreign_bytes);
}

TEST_CASE("store: no file where none may be made, and no directory, are said plainly") {
    const TemporaryDirectory directory;
    CHECK(refusal({.path = directory.file("clients.db"), .create = false}).error ==
          Error::store_unavailable);
    CHECK_FALSE(std::filesystem::exists(directory.file("clients.db")));
    CHECK(refusal({.path = directory.file("none/clients.db")}).error == Error::store_unavailable);
    std::filesystem::create_directory(directory.file("folder"));
    CHECK(refusal({.path = directory.file("folder")}).error == Error::store_unavailable);
}

TEST_CASE("store: damaged rows are passed over, counted and described; expired ones are deleted") {
    const TemporaryDirectory directory;
    const SqliteOptions options{.path = directory.file("clients.db")};
    Outcomes outcomes;
    {
        const Store store = open(options, {outcomes.outlet()});
        for (std::uint32_t i = 0; i < 30; ++i)
            store->commit(upsert_of(i), {});
    }
    {
        SQLite::Database database(options.path, SQLite::OPEN_READWRITE);
        CHECK(database.exec("UPDATE bindings SET remote = 'nowhere' WHERE cseq < 25") == 20);
        CHECK(database.exec("UPDATE bindings SET registered = 1, expires = 2 WHERE cseq >= 31") ==
              4);
    }
    const Store store = open(options, {outcomes.outlet()});
    LoadSummary summary;
    CHECK(load_all(*store, &summary).size() == 6);
    CHECK(summary.damaged == 20);
    CHECK(summary.expired == 4);
    CHECK(summary.damage.size() == 10);
    Binding again = storable_binding(3);
    again.version = store->progress().newest_version + 1;
    store->commit(upsert_of(again), {0, 1});
    CHECK(outcomes.committed().stored);
    CHECK(load_all(*store, &summary).size() == 7);
    CHECK(summary.damaged == 19);
    CHECK(summary.expired == 0);
}

TEST_CASE("store: beyond the limit of askers one is refused at once, and its change is kept") {
    const TemporaryDirectory directory;
    const SqliteOptions options{
        .path = directory.file("clients.db"), .wait = 60s, .queue_limit = 3};
    Outcomes outcomes;
    Store store = open(options, {outcomes.outlet()});
    Child other({"hold", options.path});
    REQUIRE(other.line() == "holding");
    for (std::uint32_t i = 1; i <= 4; ++i)
        store->commit(upsert_of(i), {0, i});
    const Committed refused = outcomes.committed();
    CHECK(refused.ticket == 4);
    CHECK_FALSE(refused.stored);
    CHECK(refused.why == Error::queue_full);
    other.close_input();
    for (std::uint32_t i = 1; i <= 3; ++i)
        CHECK(outcomes.committed().stored);
    store.reset();
    CHECK(load_all(*open(options, {outcomes.outlet()})).size() == 4);
}

TEST_CASE("store: while another process holds the database an asker is answered within its wait, "
          "and the change is written once it lets go") {
    const TemporaryDirectory directory;
    const SqliteOptions options{.path = directory.file("clients.db"), .wait = 400ms};
    Outcomes outcomes;
    const Store store = open(options, {outcomes.outlet()});
    Child other({"hold", options.path});
    REQUIRE(other.line() == "holding");
    store->commit(upsert_of(1), {0, 1});
    const Committed unstored = outcomes.committed();
    CHECK(unstored.ticket == 1);
    CHECK_FALSE(unstored.stored);
    CHECK(unstored.why == Error::store_busy);
    CHECK(store->counts().answered_late == 1);
    CHECK(store->counts().failed > 0);
    CHECK(store->counts().waiting == 1);
    CHECK(store->unwritten(std::vector{storable_binding(1).id, storable_binding(2).id}) ==
          std::vector{true, false});
    store->find(ById{storable_binding(2).id}, {0, 2}); // reading does not wait for writing
    CHECK(outcomes.found().bindings.has_value());
    other.close_input();
    CHECK(other.wait() == 0);
    store->commit({}, {0, 3});
    CHECK(outcomes.committed().stored);
    CHECK(store->counts().waiting == 0);
    CHECK_FALSE(store->unwritten(std::vector{storable_binding(1).id}).front());
    CHECK_FALSE(store->health().degraded);
    CHECK(load_all(*store).size() == 1);
}

TEST_CASE("store: stopping while another process holds the database ends within the wait") {
    const TemporaryDirectory directory;
    const SqliteOptions options{.path = directory.file("clients.db"), .wait = 300ms};
    Outcomes outcomes;
    const Store store = open(options, {outcomes.outlet()});
    Child other({"hold", options.path});
    REQUIRE(other.line() == "holding");
    store->commit(upsert_of(1), {0, 1});
    store->stop();
    CHECK_FALSE(outcomes.committed().stored);
}

TEST_CASE("store: a full disk is told at once, and written to again when it is not full") {
    const TemporaryDirectory directory;
    const SqliteOptions options{.path = directory.file("clients.db")};
    CHECK(Child({"full", options.path}).wait() == 0);
    Outcomes outcomes;
    CHECK(load_all(*open(options, {outcomes.outlet()})).size() == 2);
}
