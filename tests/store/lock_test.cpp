#include "store/child.hpp"
#include "store/lock.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <sys/stat.h>
#include <unistd.h>

using namespace roundabout;
using namespace roundabout::store;
using namespace roundabout::test;

TEST_CASE("lock: a second owner is refused with the pid of the first") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("clients.db");
    Child owner({"lock", path});
    REQUIRE(owner.line() == "locked");
    const StoreResult<Lock> refused = Lock::take(path);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().error == Error::store_locked);
    CHECK(refused.error().sentence.find("process " + std::to_string(owner.pid())) !=
          std::string::npos);
    owner.close_input();
    CHECK(owner.wait() == 0);
    CHECK(Lock::take(path).has_value());
}

TEST_CASE("lock: an owner that was killed holds nothing") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("clients.db");
    Child owner({"lock", path});
    REQUIRE(owner.line() == "locked");
    owner.kill();
    CHECK(Lock::take(path).has_value());
}

TEST_CASE("lock: is held until it goes, also against this very process") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("clients.db");
    {
        const StoreResult<Lock> first = Lock::take(path);
        REQUIRE(first.has_value());
        CHECK(Lock::take(path).error().error == Error::store_locked);
        CHECK(Child({"lock", path}).wait() == 1);
    }
    CHECK(Lock::take(path).has_value());
    struct stat status{};
    REQUIRE(::stat((path + ".lock").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("lock: a directory that is not there is said so") {
    const TemporaryDirectory directory;
    const StoreResult<Lock> refused = Lock::take(directory.file("none/clients.db"));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().error == Error::store_unavailable);
    CHECK(refused.error().sentence.find("No such file") != std::string::npos);
}

TEST_CASE("lock: one that is given away is held until both have let go, and names its new owner") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("clients.db");
    StoreResult<Lock> first = Lock::take(path);
    REQUIRE(first.has_value());
    StoreResult<Lock> second = Lock::adopt(path, File(::dup(first->descriptor())));
    REQUIRE(second.has_value());
    {
        const Lock gone = std::move(*first);
    }
    const StoreResult<Lock> refused = Lock::take(path);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().sentence.find("process " + std::to_string(::getpid())) !=
          std::string::npos);
    {
        const Lock gone = std::move(*second);
    }
    CHECK(Lock::take(path).has_value());
}

TEST_CASE("lock: one of another database is not adopted") {
    const TemporaryDirectory directory;
    StoreResult<Lock> first = Lock::take(directory.file("one.db"));
    REQUIRE(first.has_value());
    for (const char* other : {"two.db", "one.db.bak"}) {
        const StoreResult<Lock> refused =
            Lock::adopt(directory.file(other), File(::dup(first->descriptor())));
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().sentence.find("not the one of the running process") !=
              std::string::npos);
    }
}
