#include "roundabout-ctl/capture.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string_view>

using namespace roundabout;
using namespace roundabout::ctl;

namespace {

admin::Record record(const char* local, const char* remote, bool sent, std::string text = "SIP") {
    admin::Record made;
    made.kind = "message";
    made.add("time", std::int64_t{1'700'000'000'123'456});
    made.add("direction", std::string(sent ? "sent" : "received"));
    made.add("transport", std::string("wss"));
    made.add("local", std::string(local)).add("remote", std::string(remote));
    made.add("call_id", std::string("c1")).add_bytes("text", text);
    return made;
}

std::size_t big(std::string_view bytes, std::size_t at, std::size_t size = 2) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
        value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

std::size_t little(std::string_view bytes, std::size_t at) {
    return big(bytes, at + 3, 1) << 24U | big(bytes, at + 2, 1) << 16U |
           big(bytes, at + 1, 1) << 8U | big(bytes, at, 1);
}

/// The sum that is 0xFFFF where a checksum in those bytes is right (RFC 1071).
std::size_t sum(std::string_view bytes) {
    std::size_t all = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        all += big(bytes, i, 1) << (i % 2 == 0 ? 8U : 0U);
    while (all > 0xFFFF)
        all = (all & 0xFFFFU) + (all >> 16U);
    return all;
}

} // namespace

TEST_CASE("capture: a message is a datagram of whoever said it, with right sums, by IPv4") {
    const auto message = captured(record("192.0.2.1:443", "192.0.2.9:50000", false, "odd"));
    REQUIRE(message.has_value());
    CHECK(message->from.port == 50000);
    const std::string packet = pcap_packet(*message);
    CHECK(little(packet, 0) == 1'700'000'000);
    CHECK(little(packet, 4) == 123'456);
    CHECK(little(packet, 8) == packet.size() - 16);
    const std::string_view ip = std::string_view(packet).substr(16);
    CHECK(big(ip, 0, 1) == 0x45);
    CHECK(big(ip, 2) == ip.size());
    CHECK(sum(ip.substr(0, 20)) == 0xFFFF);
    CHECK(ip.substr(12, 4) == std::string_view("\xC0\x00\x02\x09", 4));
    CHECK(big(ip, 20) == 50000);
    CHECK(big(ip, 22) == 443);
    CHECK(ip.substr(28) == "odd");
    const std::string pseudo = std::string(ip.substr(12, 8)) + std::string("\0\x11\0\x0b", 4);
    CHECK(sum(pseudo + std::string(ip.substr(20))) == 0xFFFF);
}

TEST_CASE("capture: the same by IPv6, and from us where we sent it") {
    const auto message = captured(record("[2001:db8::1]:443", "[2001:db8::9]:50000", true));
    REQUIRE(message.has_value());
    CHECK(message->from.port == 443);
    const std::string packet = pcap_packet(*message);
    const std::string_view ip = std::string_view(packet).substr(16);
    CHECK(big(ip, 0, 1) == 0x60);
    CHECK(big(ip, 4) == ip.size() - 40);
    const std::string pseudo =
        std::string(ip.substr(8, 32)) + std::string("\0\0\0\x0b\0\0\0\x11", 8);
    CHECK(sum(pseudo + std::string(ip.substr(40))) == 0xFFFF);
}

TEST_CASE("capture: what no datagram holds is cut, and its length told") {
    auto message = captured(record("192.0.2.1:443", "192.0.2.9:1", true));
    message->bytes.assign(100'000, 'x');
    const std::string packet = pcap_packet(*message);
    CHECK(little(packet, 12) - little(packet, 8) == 100'000 - (0xFFFF - 48));
    CHECK(hep_packet(*message, 1).size() < 0xFFFF);
}

TEST_CASE("capture: HEPv3 has a length and its chunks one after another") {
    const auto message = captured(record("192.0.2.1:443", "192.0.2.9:50000", false, "text"));
    const std::string hep = hep_packet(*message, 77);
    CHECK(hep.starts_with("HEP3"));
    CHECK(big(hep, 4) == hep.size());
    std::size_t chunks = 0;
    for (std::size_t at = 6; at < hep.size(); at += big(hep, at + 4), ++chunks) {
        CHECK(big(hep, at) == 0);
        REQUIRE(big(hep, at + 4) >= 6);
        const std::string_view inside = std::string_view(hep).substr(at + 6, big(hep, at + 4) - 6);
        if (big(hep, at + 2) == 0x000F)
            CHECK(inside == "text");
        if (big(hep, at + 2) == 0x0002)
            CHECK(big(inside, 0, 1) == 6); // a stream
        if (big(hep, at + 2) == 0x0011)
            CHECK(inside == "c1");
    }
    CHECK(chunks == 12);
}

TEST_CASE("capture: what is no message makes no packet") {
    admin::Record lost;
    lost.kind = "lost";
    CHECK_FALSE(captured(lost).has_value());
    CHECK_FALSE(captured(record("nowhere", "192.0.2.9:1", true)).has_value());
}
