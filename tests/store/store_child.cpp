// What another process does to a database while a test looks on.
//   lock FILE   takes the lock, says so, and holds it until its input ends
//   hold FILE   keeps others from writing, says so, until its input ends
//   fill FILE   commits bindings without end and prints the number of each that is answered
//   full FILE   commits on a disk that is full, and again once it is not

#include "registration/binding_fixture.hpp"
#include "store/lock.hpp"
#include "store/outcomes.hpp"
#include "store/sqlite_binding_store.hpp"

#include <SQLiteCpp/Database.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <limits>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

using namespace roundabout;
using namespace roundabout::test;

namespace {

void say(const std::string& line) { std::cout << line << '\n' << std::flush; }

void wait_for_end_of_input() { std::cin.ignore(std::numeric_limits<std::streamsize>::max()); }

int lock(const std::string& path) {
    const auto taken = store::Lock::take(path);
    if (!taken)
        return 1;
    say("locked");
    wait_for_end_of_input();
    return 0;
}

int hold(const std::string& path) {
    SQLite::Database database(path, SQLite::OPEN_READWRITE);
    database.exec("BEGIN IMMEDIATE");
    say("holding");
    wait_for_end_of_input();
    return 0;
}

int fill(const std::string& path) {
    Outcomes outcomes;
    auto opened = store::SqliteBindingStore::open({.path = path}, {outcomes.outlet()});
    if (!opened)
        return 1;
    constexpr std::uint32_t under_way = 50;
    std::uint32_t next = 1;
    for (; next <= under_way; ++next)
        (*opened)->commit(upsert_of(next), {0, next});
    for (;;) {
        const store::Committed committed = outcomes.committed();
        if (!committed.stored)
            return 1;
        say(std::to_string(committed.ticket));
        (*opened)->commit(upsert_of(next), {0, next});
        ++next;
    }
}

int full(const std::string& path) {
    Outcomes outcomes;
    auto opened = store::SqliteBindingStore::open({.path = path}, {outcomes.outlet()});
    if (!opened)
        return 1;
    // A file that may not grow fails as one on a full disk does.
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 4096;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    (*opened)->commit(upsert_of(1), {0, 1});
    const store::Committed refused = outcomes.committed();
    if (refused.stored || refused.why != Error::store_unavailable)
        return 2;
    limit.rlim_cur = before;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    (*opened)->commit(upsert_of(2), {0, 2});
    return outcomes.committed().stored ? 0 : 3;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3)
        return 2;
    const std::string task = argv[1];
    const std::string path = argv[2];
    if (task == "lock")
        return lock(path);
    if (task == "hold")
        return hold(path);
    if (task == "fill")
        return fill(path);
    return full(path);
}
