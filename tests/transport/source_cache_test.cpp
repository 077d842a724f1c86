#include "transport/source_address.hpp"
#include "transport/source_cache.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::transport;
using namespace std::chrono_literals;

namespace {

int asked = 0;
bool routed = true;

IpAddress count(const IpAddress& remote) noexcept {
    ++asked;
    return routed ? remote : IpAddress{};
}

const TimePoint start{std::chrono::hours(1)};

} // namespace

TEST_CASE("source cache: the kernel is asked once in a while for each peer") {
    asked = 0;
    routed = true;
    SourceCache cache(count);
    const IpAddress a = *IpAddress::parse("192.0.2.1");
    const IpAddress b = *IpAddress::parse("2001:db8::1");
    CHECK(cache.towards(a, start) == a);
    CHECK(cache.towards(a, start + SourceCache::life - 1ms) == a);
    CHECK(cache.towards(b, start) == b);
    CHECK(asked == 2);
    CHECK(cache.towards(a, start + SourceCache::life) == a);
    CHECK(asked == 3);
}

TEST_CASE(
    "source cache: a route that is not there is asked for again, and what is kept is bounded") {
    asked = 0;
    routed = false;
    SourceCache cache(count);
    const IpAddress a = *IpAddress::parse("192.0.2.1");
    CHECK(cache.towards(a, start).is_unspecified());
    routed = true;
    CHECK(cache.towards(a, start) == a);
    for (unsigned i = 0; i < 2 * SourceCache::most; ++i) {
        const auto high = static_cast<std::uint8_t>(i >> 8U);
        CHECK(cache.towards(IpAddress::v4({10, 0, high, static_cast<std::uint8_t>(i)}), start)
                  .is_v4());
    }
    CHECK(asked == 2 + 2 * static_cast<int>(SourceCache::most));
}

TEST_CASE("source cache: by the kernel's own word, loopback is reached from loopback") {
    SourceCache cache(source_address);
    CHECK(cache.towards(*IpAddress::parse("127.0.0.9"), start).is_loopback());
}
