#include "admin/binding_filter.hpp"
#include "registration/binding_fixture.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::admin;

namespace {

const registration::Binding binding = test::sample_binding(3);

bool meets(const BindingFilter& filter, std::chrono::seconds before_expiry) {
    return matches(filter, binding, binding.expires - before_expiry);
}

constexpr auto minute = std::chrono::seconds(60);

} // namespace

TEST_CASE("Every binding meets an empty filter") {
    CHECK(BindingFilter{}.empty());
    CHECK(meets({}, minute));
}

TEST_CASE("Each condition is met by its own value and by no other") {
    BindingFilter filter;
    filter.id = binding.id;
    CHECK(meets(filter, minute));
    filter.id = test::sample_binding(4).id;
    CHECK_FALSE(meets(filter, minute));

    filter = {};
    filter.aor = "sip:user3@example.com";
    CHECK(meets(filter, minute));
    filter.aor = "sip:user3@example.org";
    CHECK_FALSE(meets(filter, minute));

    filter = {};
    filter.server = "pbx";
    CHECK(meets(filter, minute));
    filter.server = "pb";
    CHECK_FALSE(meets(filter, minute));

    filter = {};
    filter.transport = Transport::wss;
    CHECK(meets(filter, minute));
    filter.transport = Transport::ws;
    CHECK_FALSE(meets(filter, minute));
}

TEST_CASE("The user is the address-of-record's or the Contact's") {
    BindingFilter filter;
    filter.user = "user3";
    CHECK(meets(filter, minute));
    filter.user = "c3";
    CHECK(meets(filter, minute));
    filter.user = "user";
    CHECK_FALSE(meets(filter, minute));
}

TEST_CASE("A binding expires at the second of its expiry, not before") {
    BindingFilter filter;
    filter.expired = true;
    CHECK_FALSE(meets(filter, std::chrono::seconds(1)));
    CHECK(meets(filter, std::chrono::seconds(0)));
    CHECK(meets(filter, -minute));
}

TEST_CASE("Expiring within a time includes its last second and what has expired") {
    BindingFilter filter;
    filter.expiring_within = minute;
    CHECK_FALSE(meets(filter, minute + std::chrono::seconds(1)));
    CHECK(meets(filter, minute));
    CHECK(meets(filter, -minute));
}

TEST_CASE("All conditions have to be met") {
    BindingFilter filter;
    filter.server = "pbx";
    filter.user = "nobody";
    CHECK_FALSE(meets(filter, minute));
}

TEST_CASE("An id is written as in the Contact and read in any case") {
    const std::string text = id_text(binding.id);
    CHECK(text.size() == 20);
    CHECK(parse_id(text) == binding.id);
    std::string upper = text;
    for (char& c : upper)
        c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    CHECK(parse_id(upper) == binding.id);
    CHECK_FALSE(parse_id(text.substr(1)));
    CHECK_FALSE(parse_id(text + text));
    CHECK_FALSE(parse_id(""));
    CHECK_FALSE(parse_id("sip:alice@example.co"));
}

TEST_CASE("The log says in words what a purge meant") {
    BindingFilter filter;
    CHECK(describe(filter) == "all");
    filter.user = "alice";
    filter.transport = Transport::udp;
    filter.expired = true;
    CHECK(describe(filter) == "user alice, transport udp, expired");
}
