#include "proxy/limit_log.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace std::chrono_literals;

TEST_CASE("limit log: a line a second for each reason, which tells how many were kept back") {
    LimitLog log;
    const TimePoint start{5h};
    CHECK(log.note(Error::connection_limit, start) == 0U);
    CHECK_FALSE(log.note(Error::connection_limit, start));
    CHECK_FALSE(log.note(Error::connection_limit, start + 999ms));
    CHECK(log.note(Error::handshake_limit, start + 999ms) == 0U);
    CHECK(log.note(Error::connection_limit, start + 1s) == 2U);
    CHECK_FALSE(log.note(Error::connection_limit, start + 1500ms));
    CHECK(log.note(Error::connection_limit, start + 1h) == 1U);
}
