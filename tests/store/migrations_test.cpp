#include "store/child.hpp"
#include "store/migrations.hpp"

#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace roundabout;
using namespace roundabout::store;

namespace {

constexpr std::array<Migration, 3> steps{{
    {1, "001_a.sql", "CREATE TABLE a (x); INSERT INTO a VALUES (1);"},
    {2, "002_b.sql", "ALTER TABLE a ADD COLUMN y DEFAULT 7;"},
    {3, "003_c.sql", "CREATE TABLE c (z); INSERT INTO c SELECT x + y FROM a;"},
}};

SQLite::Database in_memory() { return {":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}; }

int version(SQLite::Database& database) {
    return database.execAndGet("PRAGMA user_version").getInt();
}

std::string schema(SQLite::Database& database) {
    return database.execAndGet("SELECT group_concat(sql, ';') FROM sqlite_schema").getString();
}

} // namespace

TEST_CASE(
    "migrations: those of the program are numbered from 1 without a gap and lead from nothing") {
    int expected = 1;
    for (const Migration& step : migrations())
        CHECK(step.number == expected++);
    SQLite::Database database = in_memory();
    CHECK(*migrate(database) == static_cast<int>(migrations().size()));
    CHECK(database.tableExists("bindings"));
    CHECK(*migrate(database) == 0);
}

TEST_CASE("migrations: from each version the same schema is reached, and what is there is kept") {
    SQLite::Database fresh = in_memory();
    CHECK(*migrate(fresh, steps) == 3);
    for (std::size_t from = 0; from <= steps.size(); ++from) {
        SQLite::Database database = in_memory();
        CHECK(*migrate(database, std::span(steps).first(from)) == static_cast<int>(from));
        CHECK(version(database) == static_cast<int>(from));
        CHECK(*migrate(database, steps) == static_cast<int>(steps.size() - from));
        CHECK(version(database) == 3);
        CHECK(schema(database) == schema(fresh));
        CHECK(database.execAndGet("SELECT z FROM c").getInt() == 8);
    }
}

TEST_CASE("migrations: a step that fails leaves the database wholly as it was") {
    constexpr std::array<Migration, 3> broken{{
        steps[0],
        steps[1],
        {3, "003_broken.sql", "CREATE TABLE c (z); INSERT INTO nowhere VALUES (1);"},
    }};
    SQLite::Database database = in_memory();
    CHECK(*migrate(database, std::span(steps).first(1)) == 1);
    const std::string before = schema(database);
    const StoreResult<int> failed = migrate(database, broken);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().error == Error::store_unavailable);
    CHECK(version(database) == 1);
    CHECK(schema(database) == before);
}

TEST_CASE("migrations: a newer schema is refused with both numbers, and untouched") {
    SQLite::Database database = in_memory();
    CHECK(*migrate(database, steps) == 3);
    const StoreResult<int> refused = migrate(database, std::span(steps).first(2));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().error == Error::store_newer_schema);
    CHECK(refused.error().sentence.find("schema 3") != std::string::npos);
    CHECK(refused.error().sentence.find("knows 2") != std::string::npos);
    CHECK(version(database) == 3);
}
