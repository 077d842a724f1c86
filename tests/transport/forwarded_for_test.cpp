#include "transport/forwarded_for.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::transport;

namespace {

const std::vector<Network> trusted{*Network::parse("10.0.0.0/8"),
                                   *Network::parse("2001:db8:1::/48")};

std::string source(const std::vector<std::string_view>& rows) {
    const auto found = forwarded_source(rows, trusted);
    if (!found)
        return "error";
    return *found ? (*found)->to_string() : "none";
}

} // namespace

TEST_CASE("X-Forwarded-For: the rightmost address that is no trusted proxy's counts") {
    CHECK(source({"192.0.2.1"}) == "192.0.2.1");
    CHECK(source({"203.0.113.9, 192.0.2.1"}) == "192.0.2.1");
    CHECK(source({"203.0.113.9, 192.0.2.1, 10.0.0.7"}) == "192.0.2.1");
    CHECK(source({"10.0.0.9,192.0.2.1,10.0.0.7 ,10.1.1.1"}) == "192.0.2.1");
    CHECK(source({"2001:db8:2::1, 2001:db8:1::5"}) == "2001:db8:2::1");
}

TEST_CASE("X-Forwarded-For: what a client wrote in front of it is not even read") {
    CHECK(source({"'; drop, unknown, 192.0.2.1"}) == "192.0.2.1");
    CHECK(source({"10.0.0.1", "garbage", "192.0.2.1, 10.0.0.7"}) == "192.0.2.1");
}

TEST_CASE("X-Forwarded-For: several rows are one list") {
    CHECK(source({"192.0.2.1", "192.0.2.2"}) == "192.0.2.2");
    CHECK(source({"192.0.2.1", "10.0.0.7"}) == "192.0.2.1");
    CHECK(source({"192.0.2.1", "", " , "}) == "192.0.2.1");
}

TEST_CASE("X-Forwarded-For: where all are trusted, the leftmost; where there is none, none") {
    CHECK(source({"10.0.0.1, 10.0.0.2"}) == "10.0.0.1");
    CHECK(source({}) == "none");
    CHECK(source({" ", ","}) == "none");
}

TEST_CASE("X-Forwarded-For: ports and brackets are taken off") {
    CHECK(source({"192.0.2.1:4711"}) == "192.0.2.1");
    CHECK(source({"[2001:db8:2::1]"}) == "2001:db8:2::1");
    CHECK(source({"[2001:db8:2::1]:4711"}) == "2001:db8:2::1");
}

TEST_CASE("X-Forwarded-For: what is no address where one is needed is an error") {
    CHECK(source({"unknown"}) == "error");
    CHECK(source({"192.0.2.1, _hidden, 10.0.0.1"}) == "error");
    CHECK(source({"192.0.2.1 192.0.2.2"}) == "error");
}
