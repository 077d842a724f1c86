#include "base/endpoint.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <array>
#include <string>
#include <vector>

using namespace roundabout;

TEST_CASE("R45 address: IPv6 has brackets as a host and none in received") {
    const IpAddress address = *IpAddress::parse("[2001:db8::1]");
    CHECK(address.is_v6());
    CHECK(address.to_host() == "[2001:db8::1]");
    CHECK(address.to_string() == "2001:db8::1");
    CHECK(*IpAddress::parse("2001:db8::1") == address);
}

TEST_CASE("address: an IPv4-mapped address is the IPv4 address it means") {
    CHECK(*IpAddress::parse("::ffff:192.0.2.7") == *IpAddress::parse("192.0.2.7"));
    CHECK(IpAddress::parse("::ffff:192.0.2.7")->is_v4());
}

TEST_CASE("address: names, zones, empty text and bracketed IPv4 are refused") {
    for (const auto* text : {"", "[]", "example.com", "fe80::1%eth0", "[192.0.2.1]", "192.0.2",
                             "192.0.2.256", "1:2:3:4:5:6:7:8:9"}) {
        CAPTURE(text);
        CHECK_FALSE(IpAddress::parse(text).has_value());
    }
}

TEST_CASE("address: an IPv4 address is taken exactly as inet_pton takes it") {
    const std::vector<std::string> numbers{"",   "0",   "00",  "1",   "9",   "10",  "01",
                                           "99", "100", "255", "256", "001", "0x1", "1000"};
    for (const std::string& a : numbers) {
        for (const std::string& b : numbers) {
            for (const std::string& text :
                 {a + "." + b + ".3.4", "1.2." + a + "." + b, a + "." + b, a + b + ".2.3.4",
                  "1.2.3." + a + "." + b, "1.2.3.4" + a + " ", "-" + a + ".2.3." + b}) {
                CAPTURE(text);
                std::array<std::uint8_t, 4> bytes{};
                const bool taken = ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1;
                const auto parsed = IpAddress::parse(text);
                REQUIRE(parsed.has_value() == taken);
                if (taken)
                    CHECK(*parsed == IpAddress::v4(bytes));
            }
        }
    }
}

TEST_CASE("address: every number of an IPv4 address is written without leading zeros") {
    for (const std::string_view text :
         {"0.0.0.0", "255.255.255.255", "10.9.100.99", "1.2.3.4", "127.0.0.1"})
        CHECK(IpAddress::parse(text)->to_string() == text);
}

TEST_CASE("endpoint: text form is its own inverse") {
    for (const auto* text : {"192.0.2.1:5060", "[2001:db8::1]:5061", "[::]:1"}) {
        CAPTURE(text);
        CHECK(Endpoint::parse(text)->to_string() == text);
    }
    CHECK(to_error(Endpoint::parse("192.0.2.1").error()) == Error::bad_port);
    CHECK(to_error(Endpoint::parse("192.0.2.1:65536").error()) == Error::bad_port);
    CHECK(to_error(Endpoint::parse("2001:db8::1:5060").error()) == Error::bad_address);
}

TEST_CASE("network: a prefix counts bits, not bytes, and families never mix") {
    const Network network = *Network::parse("10.1.128.0/17");
    CHECK(network.contains(*IpAddress::parse("10.1.200.9")));
    CHECK_FALSE(network.contains(*IpAddress::parse("10.1.127.255")));
    CHECK_FALSE(network.contains(*IpAddress::parse("2001:db8::1")));
    CHECK(Network::parse("::/0")->contains(*IpAddress::parse("2001:db8::1")));
    CHECK_FALSE(Network::parse("::/0")->contains(*IpAddress::parse("10.0.0.1")));
    CHECK(Network::parse("192.0.2.1")->contains(*IpAddress::parse("192.0.2.1")));
    CHECK_FALSE(Network::parse("192.0.2.1")->contains(*IpAddress::parse("192.0.2.2")));
    CHECK_FALSE(Network::parse("192.0.2.1/33").has_value());
    CHECK_FALSE(Network::parse("192.0.2.1/").has_value());
}
