#include "crypto/mac.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace roundabout::crypto;

TEST_CASE("HMAC: field borders, every field and the key count") {
    const std::vector<std::uint8_t> key{1, 2, 3};
    const std::vector<std::uint8_t> other{1, 2, 4};
    const Digest digest = *hmac(key, {"ab", "c"});
    CHECK(*hmac(key, {"ab", "c"}) == digest);
    CHECK(*hmac(key, {"a", "bc"}) != digest);
    CHECK(*hmac(key, {"abc"}) != digest);
    CHECK(*hmac(key, {"ab", "c", ""}) != digest);
    CHECK(*hmac(other, {"ab", "c"}) != digest);
}
