#include "base/subject_names.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;

namespace {

SubjectNames with_dns(std::vector<std::string> names) { return {{}, std::move(names), {}}; }
SubjectNames with_uris(std::vector<std::string> uris) { return {std::move(uris), {}, {}}; }
SubjectNames with_address(std::string_view text) {
    return {{}, {}, {IpAddress::parse(text).value()}};
}

} // namespace

TEST_CASE("R42 A dNSName proves that name in any case and nothing else") {
    const SubjectNames names = with_dns({"Sip.Example.com", "other.example"});
    CHECK(proves_name(names, "sip.example.com"));
    CHECK(proves_name(names, "SIP.EXAMPLE.COM"));
    CHECK(proves_name(names, "other.example"));
    CHECK_FALSE(proves_name(names, "example.com"));
    CHECK_FALSE(proves_name(names, "a.sip.example.com"));
    CHECK_FALSE(proves_name(names, "sip.example.com.evil.example"));
    CHECK_FALSE(proves_name(names, ""));
}

TEST_CASE("R42 A wildcard proves nothing") {
    const SubjectNames names = with_dns({"*.example.com", "*"});
    CHECK_FALSE(proves_name(names, "sip.example.com"));
    CHECK_FALSE(proves_name(names, "example.com"));
    CHECK_FALSE(proves_name(names, "*.example.com"));
    CHECK_FALSE(proves_name(with_uris({"sip:*.example.com"}), "sip.example.com"));
}

TEST_CASE("R42 A sip URI without userinfo proves its host") {
    CHECK(proves_name(with_uris({"sip:example.com"}), "example.com"));
    CHECK(proves_name(with_uris({"SIP:Example.com"}), "example.com"));
    CHECK(proves_name(with_uris({"sip:example.com:5061"}), "example.com"));
    CHECK(proves_name(with_uris({"sip:example.com;transport=tls"}), "example.com"));
    CHECK_FALSE(proves_name(with_uris({"sip:alice@example.com"}), "example.com"));
    CHECK_FALSE(proves_name(with_uris({"sips:example.com"}), "example.com"));
    CHECK_FALSE(proves_name(with_uris({"https://example.com"}), "example.com"));
    CHECK_FALSE(proves_name(with_uris({"sip:", "sip:;a", "sip:[", ""}), ""));
}

TEST_CASE("R42 Where a sip URI names a domain, dNSName entries prove nothing") {
    const SubjectNames both{{"sip:example.com"}, {"host.example.com"}, {}};
    CHECK(sip_identities(both) == std::vector<std::string>{"example.com"});
    CHECK_FALSE(proves_name(both, "host.example.com"));
    const SubjectNames user{{"sip:alice@example.com"}, {"host.example.com"}, {}};
    CHECK(proves_name(user, "host.example.com"));
}

TEST_CASE("R42 An address is proved by an iPAddress entry or a sip URI, never by a dNSName") {
    CHECK(proves_name(with_address("192.0.2.7"), "192.0.2.7"));
    CHECK_FALSE(proves_name(with_address("192.0.2.7"), "192.0.2.8"));
    CHECK(proves_name(with_address("2001:db8::1"), "2001:db8::1"));
    CHECK(proves_name(with_address("2001:db8::1"), "[2001:0db8:0::1]"));
    CHECK(proves_name(with_uris({"sip:192.0.2.7"}), "192.0.2.7"));
    CHECK(proves_name(with_uris({"sip:[2001:db8::1]:5061"}), "2001:db8::1"));
    CHECK_FALSE(proves_name(with_dns({"192.0.2.7"}), "192.0.2.7"));
    CHECK_FALSE(proves_name(with_address("192.0.2.7"), "example.com"));
}

TEST_CASE("R42 A NUL within a name does not shorten it") {
    const std::string trick = std::string("example.com") + '\0' + ".evil.example";
    CHECK_FALSE(proves_name(with_dns({trick}), "example.com"));
    CHECK_FALSE(proves_name(with_uris({"sip:" + trick}), "example.com"));
}

TEST_CASE("R42 A certificate without names proves nothing") {
    CHECK(SubjectNames().empty());
    CHECK(sip_identities(SubjectNames()).empty());
    CHECK_FALSE(proves_name(SubjectNames(), "example.com"));
}
