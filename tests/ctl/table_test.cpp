#include "roundabout-ctl/table.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace roundabout::ctl;

TEST_CASE("table: columns are as wide as their cells, counted in characters") {
    std::ostringstream out;
    Table table(out);
    CHECK(table.empty());
    table.add({"A", "B"});
    table.add({"jos\xC3\xA9", "x"});
    table.finish();
    CHECK(out.str() == "A     B\njos\xC3\xA9  x\n");
    CHECK(table.empty());
}

TEST_CASE("table: a long one streams before its end") {
    std::ostringstream out;
    Table table(out);
    for (int i = 0; i < 1000; ++i)
        table.add({std::to_string(i), "x"});
    CHECK(out.str().starts_with("0    x\n"));
    CHECK(out.str().ends_with("999  x\n"));
}

TEST_CASE("table: what a client sent steers no terminal") {
    CHECK(harmless("a\x1b[2Jb\x7f") == "a?[2Jb?");
    CHECK(harmless("\xC2\x9B"
                   "1m\xC3\xA9") == "?1m\xC3\xA9");
}
