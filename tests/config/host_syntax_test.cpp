#include "config/host_syntax.hpp"

#include <doctest/doctest.h>

using namespace roundabout::config;

namespace {

// An empty host if the text is none.
HostPort parsed(const char* text) { return parse_host_port(text).value_or(HostPort{}); }

} // namespace

TEST_CASE("host: labels of letters, digits and hyphens, the last one not of digits only") {
    for (const auto* text : {"a", "a.b", "pbx-1.example.com", "3com.example", "my_host", "a.b2"}) {
        CAPTURE(text);
        CHECK(is_host_name(text));
    }
    for (const auto* text : {"", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "192.0.2.300", "1",
                             "a:b", "a/b", "*.example.com", "\xC3\xBC.example"}) {
        CAPTURE(text);
        CHECK_FALSE(is_host_name(text));
    }
    CHECK(is_host_name(std::string(63, 'a')));
    CHECK_FALSE(is_host_name(std::string(64, 'a')));
}

TEST_CASE("R45 host and port: IPv6 has brackets, and a port is never 0") {
    const HostPort v6 = parsed("[2001:DB8:0::1]:5061");
    CHECK(v6.host == "[2001:db8::1]");
    CHECK(v6.port == 5061);
    CHECK(v6.is_address);
    CHECK_FALSE(parsed("[::1]").port.has_value());
    CHECK(parsed("SIP.example.com:1").host == "SIP.example.com");
    CHECK_FALSE(parsed("SIP.example.com").is_address);
    for (const auto* text : {"", ":", ":5060", "a:", "a:0", "a:65536", "a:-1", "a:5060:1", "::1",
                             "2001:db8::1:5060", "[::1", "::1]", "[]", "[]:1", "[a]:1", "]"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_host_port(text).has_value());
    }
}

TEST_CASE("host: the form that is kept is lower case, without a dot at its end") {
    CHECK(normal_host("PBX.Example.COM.", true).value_or("") == "pbx.example.com");
    CHECK(normal_host("2001:DB8::1", true).value_or("") == "[2001:db8::1]");
    CHECK(normal_host("[2001:DB8::1]", false).value_or("") == "2001:db8::1");
    CHECK(normal_host("192.0.2.1", true).value_or("") == "192.0.2.1");
    CHECK_FALSE(normal_host("a:5060", true).has_value());
    CHECK_FALSE(normal_host(".", true).has_value());
}
