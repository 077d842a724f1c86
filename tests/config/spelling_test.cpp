#include "config/spelling.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace roundabout::config;

TEST_CASE("spelling: a distance counts inserted, dropped, replaced and swapped letters") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("server", "sever") == 1);
    CHECK(edit_distance("server", "servers") == 1);
    CHECK(edit_distance("listen", "lisden") == 1);
    CHECK(edit_distance("listen", "lisetn") == 1);
    CHECK(edit_distance("workers", "drain") == edit_distance("drain", "workers"));
    CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("spelling: the nearest word is proposed, and none that is too far") {
    constexpr std::array<std::string_view, 4> words{"port", "path", "transport", "key"};
    CHECK(nearest("prot", words) == "port");
    CHECK(nearest("trasnport", words) == "transport");
    CHECK(nearest("ky", words) == "key");
    CHECK(nearest("xy", words).empty());
    CHECK(nearest("certificate", words).empty());
    CHECK(nearest(std::string(100000, 'p'), words).empty());
}
