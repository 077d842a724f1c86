#include "registration/binding_fixture.hpp"
#include "registration/binding_table.hpp"
#include "store/child.hpp"
#include "store/faulty_disk.hpp"
#include "store/outcomes.hpp"
#include "store/set_aside.hpp"
#include "store/sqlite_binding_store.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

using namespace roundabout;
using namespace roundabout::store;
using namespace roundabout::test;
using namespace std::chrono_literals;
using registration::Binding;
using registration::BindingId;
using registration::BindingTable;

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

/// The table of a process, and a store that repairs itself from it.
struct Process {
    explicit Process(const std::string& path)
        : options{.path = path, .wait = 500ms} {
        options.memory = [this](std::optional<BindingId> after, std::size_t limit) {
            return table.page(after, limit);
        };
    }

    LoadSummary start() {
        store = open(options, outcomes);
        table.begin_restoring(store->progress().newest_version);
        const auto loaded = store->load(before_all, 100, [this](std::vector<Binding> page) {
            for (Binding& binding : page)
                table.restore(std::move(binding));
        });
        REQUIRE(loaded.has_value());
        table.finish_restoring();
        return *loaded;
    }
    Committed put(std::uint32_t number) {
        store->commit(table.apply(upsert_of(number)), {0, number + 1});
        return outcomes.committed();
    }
    void await_renewal() {
        while (store->health().renewed == 0)
            std::this_thread::sleep_for(5ms);
    }

    BindingTable table{HashKey{1, 2}};
    Outcomes outcomes;
    SqliteOptions options;
    Store store;
};

std::string contents(const std::string& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

void write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// The files beside `path` that were set aside, without their logs.
std::vector<std::string> aside(const std::string& path) {
    std::vector<std::string> found;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(path).parent_path())) {
        const std::string name = entry.path().string();
        if (name.starts_with(path + ".damaged-") && !name.ends_with("-wal") &&
            !name.ends_with("-shm"))
            found.push_back(name);
    }
    return found;
}

} // namespace

TEST_CASE("store: a disk that fails makes registrations volatile, and one that works again takes "
          "them all") {
    const TemporaryDirectory directory;
    FaultyDisk disk;
    Process process(directory.file("clients.db"));
    process.options.vfs = disk.name();
    process.start();
    CHECK(process.put(1).stored);
    for (const bool full : {true, false}) {
        full ? disk.fill(true) : disk.fail(true);
        const std::uint32_t number = full ? 2 : 3;
        const Committed refused = process.put(number);
        CHECK_FALSE(refused.stored);
        CHECK(refused.why == Error::store_unavailable);
        const StoreHealth ill = process.store->health();
        CHECK(ill.degraded);
        CHECK(ill.waiting == 1);
        CHECK_FALSE(ill.words.empty());
        CHECK(process.store->unwritten(std::vector{storable_binding(number).id}).front());
        full ? disk.fill(false) : disk.fail(false);
        process.store->commit({}, {0, 99});
        while (process.store->health().degraded)
            std::this_thread::sleep_for(1ms);
        CHECK_FALSE(process.store->unwritten(std::vector{storable_binding(number).id}).front());
        static_cast<void>(process.outcomes.committed());
    }
    CHECK(load_all(*process.store).size() == 3);
    CHECK(process.store->counts().renewed == 0);
}

TEST_CASE("store: while a write hangs the store says so, and looks rows up all the same") {
    const TemporaryDirectory directory;
    FaultyDisk disk;
    Process process(directory.file("clients.db"));
    process.options.vfs = disk.name();
    process.options.wait = 50ms;
    process.start();
    CHECK(process.put(1).stored);
    disk.slow_down(1500ms);
    process.store->commit(process.table.apply(upsert_of(2)), {0, 7});
    while (!process.store->health().degraded)
        std::this_thread::sleep_for(1ms);
    CHECK(process.store->unwritten(std::vector{storable_binding(2).id}).front());
    process.store->find(ById{storable_binding(1).id}, {0, 8});
    CHECK(process.outcomes.found().bindings->size() == 1); // before the commit is answered
    disk.slow_down(0ms);
    CHECK(process.outcomes.committed().ticket == 7);
    CHECK_FALSE(process.store->health().degraded);
}

TEST_CASE("store: a file that is deleted while in use is made anew, with all that is registered") {
    const TemporaryDirectory directory;
    Process process(directory.file("clients.db"));
    process.start();
    for (std::uint32_t i = 0; i < 50; ++i)
        CHECK(process.put(i).stored);
    for (const char* suffix : {"", "-wal", "-shm"})
        std::filesystem::remove(process.options.path + suffix);
    SUBCASE("and something is written") {
        static_cast<void>(process.put(50));
        process.await_renewal();
        CHECK(process.put(51).stored);
    }
    SUBCASE("and nothing is written") {
        process.await_renewal();
        CHECK(process.put(50).stored);
        CHECK(process.put(51).stored);
    }
    CHECK(process.store->health().renewed == 1);
    CHECK(process.store->health().renewal.find("deleted") != std::string::npos);
    CHECK(aside(process.options.path).empty());
    process.store.reset();
    Outcomes outcomes;
    CHECK(load_all(*open({.path = process.options.path}, outcomes)).size() == 52);
}

TEST_CASE("store: a file that another one replaces while in use is set aside, not written over") {
    const TemporaryDirectory directory;
    Process process(directory.file("clients.db"));
    process.start();
    CHECK(process.put(1).stored);
    const std::string stranger = "a backup of something else";
    write(process.options.path + ".other", stranger);
    std::filesystem::rename(process.options.path + ".other", process.options.path);
    process.await_renewal();
    CHECK(process.put(2).stored);
    const std::vector<std::string> kept = aside(process.options.path);
    REQUIRE(kept.size() == 1);
    CHECK(contents(kept.front()) == stranger);
    process.store.reset();
    Outcomes outcomes;
    CHECK(load_all(*open({.path = process.options.path}, outcomes)).size() == 2);
}

TEST_CASE("store: of a file with unreadable parts the rest is loaded, the file is kept under a "
          "dated name, and a sound one takes its place") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("clients.db");
    constexpr std::uint32_t many = 3000;
    {
        Process process(path);
        process.start();
        registration::ChangeSet changes;
        for (std::uint32_t i = 0; i < many; ++i)
            changes.upserts.push_back(storable_binding(i));
        process.store->commit(process.table.apply(std::move(changes)), {0, 1});
        CHECK(process.outcomes.committed().stored);
    }
    std::string torn = contents(path);
    std::mt19937 random(5);
    const std::size_t pages = torn.size() / 4096;
    for (int i = 0; i < 5; ++i) // any page but the first few, which hold the schema
        torn.replace((8 + random() % (pages - 8)) * 4096, 2000, 2000, '\xA5');
    write(path, torn);

    Process process(path);
    const LoadSummary loaded = process.start();
    CHECK(loaded.unreadable);
    CHECK(loaded.loaded > many / 2);
    CHECK(loaded.loaded < many);
    process.await_renewal();
    CHECK(process.put(many + 1).stored);
    const std::vector<std::string> kept = aside(path);
    REQUIRE(kept.size() == 1);
    CHECK(process.store->health().renewal.find(kept.front()) != std::string::npos);
    process.store.reset();
    Outcomes outcomes;
    CHECK(load_all(*open({.path = path}, outcomes)).size() == loaded.loaded + 1);
}

TEST_CASE("store: a file of ours that cannot be opened is kept as it is, and a new one begun") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("clients.db");
    const std::string ruins = "once a database" + std::string(9000, 'x');
    write(path, ruins);
    write(path + ".key", "a key beside it: the proxy has been here");
    Process process(path);
    CHECK(process.start().loaded == 0);
    CHECK(process.store->health().renewed == 1);
    CHECK(process.put(1).stored);
    REQUIRE(aside(path).size() == 1);
    CHECK(contents(aside(path).front()) == ruins);
}

TEST_CASE("store: a file that was never ours is refused and not moved, whatever it is") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("letters.txt");
    const std::string letters = "Dear Sir" + std::string(9000, '.');
    write(path, letters);
    const Process process(path);
    Outcomes outcomes;
    CHECK_FALSE(SqliteBindingStore::open(process.options, {outcomes.outlet()}).has_value());
    CHECK(contents(path) == letters);
    CHECK(aside(path).empty());
}

TEST_CASE("store: a log without its database is kept under a dated name") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("clients.db");
    write(path + "-wal", "the last registrations");
    Process process(path);
    process.start();
    CHECK(process.put(1).stored);
    bool kept = false;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(path).parent_path()))
        kept = kept || contents(entry.path().string()) == "the last registrations";
    CHECK(kept);
}

TEST_CASE("store: nothing is overwritten by what is set aside in the same second") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("clients.db");
    std::set<std::string> names;
    for (int i = 0; i < 3; ++i) {
        write(path, std::to_string(i));
        const StoreResult<std::string> name = set_aside(path, before_all);
        REQUIRE(name.has_value());
        CHECK(contents(*name) == std::to_string(i));
        CHECK(names.insert(*name).second);
        std::filesystem::remove(path);
    }
    CHECK(names.begin()->find(".damaged-20170714T024000Z") != std::string::npos);
    CHECK(set_aside(path, before_all)->empty());
}
