#include "sip/method.hpp"

#include <doctest/doctest.h>

using namespace roundabout::sip;

TEST_CASE("method: each known method is found by its name") {
    for (int i = 1; i <= static_cast<int>(Method::update); ++i) {
        const auto method = static_cast<Method>(i);
        CHECK_FALSE(name(method).empty());
        CHECK(parse_method(name(method)) == method);
    }
    CHECK(name(Method::registers) == "REGISTER");
    CHECK(name(Method::other).empty());
}

TEST_CASE("method: names are case-sensitive, escapes are not resolved") {
    CHECK(parse_method("invite") == Method::other);
    CHECK(parse_method("RE%47IST%45R") == Method::other);
    CHECK(parse_method("INVITEE") == Method::other);
    CHECK(parse_method("") == Method::other);
}
