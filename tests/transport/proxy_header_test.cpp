#include "transport/proxy_header.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;
using namespace roundabout::transport;

namespace {

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    return bytes;
}

// Version 2: command and family as given, the length as it is.
std::string version_2(std::string_view command_and_family, const std::string& rest) {
    std::string bytes = signature + hex(command_and_family);
    bytes += static_cast<char>(rest.size() >> 8U);
    bytes += static_cast<char>(rest.size() & 0xFFU);
    return bytes + rest;
}

// 192.0.2.1:56324 to 198.51.100.5:443.
const std::string tcp4 = hex("c0000201c6336405dc0401bb");

std::string source(const std::string& bytes) {
    const auto header = read_proxy_header(bytes);
    REQUIRE(header.has_value());
    REQUIRE(header->wanted == 0);
    return header->source ? header->source->to_string() : "none";
}

bool refused(const std::string& bytes) {
    const auto header = read_proxy_header(bytes);
    return !header && to_error(header.error()) == Error::bad_proxy_header;
}

// The header read as a connection reads it: never more bytes than are wanted. What is left over.
std::string left_of(const std::string& stream) {
    std::size_t taken = 0;
    for (;;) {
        const auto header = read_proxy_header(stream.substr(0, taken));
        REQUIRE(header.has_value());
        if (header->wanted == 0)
            return stream.substr(taken);
        REQUIRE(taken + header->wanted <= stream.size());
        taken += header->wanted;
    }
}

} // namespace

TEST_CASE("PROXY version 1: the source is the first address with the first port") {
    CHECK(source("PROXY TCP4 192.0.2.1 198.51.100.5 56324 443\r\n") == "192.0.2.1:56324");
    CHECK(source("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n") == "[2001:db8::1]:1");
    CHECK(source("PROXY UNKNOWN\r\n") == "none");
    CHECK(source("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n") == "none");
}

TEST_CASE("PROXY version 1: what is no such line is refused") {
    for (const char* line :
         {"PROXY TCP4 192.0.2.1 198.51.100.5 56324\r\n", "PROXY TCP4 192.0.2.1 2001:db8::1 1 2\r\n",
          "PROXY TCP6 192.0.2.1 198.51.100.5 1 2\r\n",
          "PROXY TCP4 192.0.2.1 198.51.100.5 1 65536\r\n",
          "PROXY TCP4 192.0.2.1 198.51.100.5 -1 2\r\n",
          "PROXY TCP4 192.0.2.1  198.51.100.5 1 2\r\n",
          "PROXY TCP4 192.0.2.1 198.51.100.5 1 2 3\r\n",
          "PROXY TCP4 host.example 198.51.100.5 1 2\r\n",
          "PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n",
          "PROXY UDP4 192.0.2.1 198.51.100.5 1 2\r\n", "PROXY  TCP4 192.0.2.1 198.51.100.5 1 2\r\n",
          "proxy TCP4 192.0.2.1 198.51.100.5 1 2\r\n", "OPTIONS sip:a@b SIP/2.0\r\n",
          "GET / HTTP/1.1\r\n"}) {
        CAPTURE(line);
        CHECK(refused(line));
    }
    CHECK(refused("PROXY UNKNOWN " + std::string(93, 'x')));
    CHECK(refused("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"));
    CHECK(source("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n") == "none");
}

TEST_CASE("PROXY version 2: the source is the first address with the first port") {
    CHECK(source(version_2("2111", tcp4)) == "192.0.2.1:56324");
    CHECK(source(version_2("2121", hex("20010db8000000000000000000000001"
                                       "20010db8000000000000000000000002dc0401bb"))) ==
          "[2001:db8::1]:56324");
}

TEST_CASE("PROXY version 2: LOCAL, unspecified and UNIX sources leave the connection its own") {
    CHECK(source(version_2("2000", "")) == "none");
    CHECK(source(version_2("2011", "whatever it is")) == "none");
    CHECK(source(version_2("2100", "whatever it is")) == "none");
    CHECK(source(version_2("2131", std::string(216, '\0'))) == "none");
}

TEST_CASE("PROXY version 2: TLVs are passed over, and must fit") {
    CHECK(source(version_2("2111", tcp4 + hex("020003616263"))) == "192.0.2.1:56324");
    CHECK(refused(version_2("2111", tcp4 + hex("0200046162"))));
    CHECK(refused(version_2("2111", tcp4 + hex("0200"))));
    CHECK(source(version_2("2111", tcp4 + hex("04") + hex("0fee") + std::string(0x0FEE - 3, 'x') +
                                       "xxx")) == "192.0.2.1:56324");
}

TEST_CASE("PROXY version 2: a CRC32c is checked") {
    const std::string good = version_2("2111", tcp4 + hex("030004") + hex("b6b9b9d9"));
    CHECK(source(good) == "192.0.2.1:56324");
    std::string bad = good;
    bad.back() = static_cast<char>(bad.back() ^ 1);
    CHECK(refused(bad));
    CHECK(refused(version_2("2111", tcp4 + hex("030003000000"))));
}

TEST_CASE("PROXY version 2: what the specification does not know is refused") {
    CHECK(refused(version_2("1111", tcp4)));
    CHECK(refused(version_2("2211", tcp4)));
    CHECK(refused(version_2("2112", tcp4)));
    CHECK(refused(version_2("2141", tcp4)));
    CHECK(refused(version_2("2111", tcp4.substr(1))));
    CHECK(refused(signature + hex("21111001")));
}

TEST_CASE("PROXY: in whatever pieces it comes, nothing beyond the header is asked for") {
    const std::string next = "OPTIONS sip:a@b SIP/2.0\r\n";
    for (const std::string& header :
         {std::string("PROXY UNKNOWN\r\n"), std::string("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
          std::string("PROXY TCP6 2001:db8::1 2001:db8::2 65535 65535\r\n"), version_2("2000", ""),
          version_2("2111", tcp4), version_2("2100", std::string(4096, 'x'))})
        CHECK(left_of(header + next) == next);
}

TEST_CASE("PROXY: every beginning of a header waits for more") {
    for (const std::string& header :
         {std::string("PROXY TCP4 192.0.2.1 198.51.100.5 56324 443\r\n"),
          version_2("2111", tcp4)}) {
        for (std::size_t size = 0; size < header.size(); ++size) {
            const auto so_far = read_proxy_header(header.substr(0, size));
            REQUIRE(so_far.has_value());
            CHECK(so_far->wanted > 0);
            CHECK(size + so_far->wanted <= header.size());
        }
    }
}
