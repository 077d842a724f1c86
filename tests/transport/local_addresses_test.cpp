#include "transport/local_addresses.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace roundabout;

TEST_CASE("local addresses: loopback is among them, each stands there once, none is a wildcard") {
    auto addresses = transport::local_addresses();
    CHECK(std::ranges::count(addresses, *IpAddress::parse("127.0.0.1")) == 1);
    CHECK(std::ranges::none_of(addresses, &IpAddress::is_unspecified));
    std::ranges::sort(addresses);
    CHECK(std::ranges::adjacent_find(addresses) == addresses.end());
}
