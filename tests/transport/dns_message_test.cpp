#include "transport/dns_message.hpp"
#include "transport/dns_reply.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>

using namespace roundabout;
using namespace roundabout::transport;
using namespace std::chrono_literals;
using testing::DnsReply;

namespace {

const std::string service = "_sip._udp.example.test";
const DnsQuestion srv_question{DnsQuestion::Type::srv, service};
const DnsQuestion naptr_question{DnsQuestion::Type::naptr, "example.test"};

DnsReply reply() { return {service, DnsReply::srv_type}; }

Result<DnsAnswer> read(const DnsReply& message) {
    return read_dns_answer(message.bytes, srv_question);
}

std::vector<SrvRecord> services(const DnsReply& message) {
    const auto answer = read(message);
    REQUIRE(answer.has_value());
    return answer->records.services;
}

std::vector<std::uint8_t> soa(std::uint32_t minimum) {
    return DnsReply::piece([minimum](DnsReply& to) {
        to.name("ns.test").name("root.test");
        for (int i = 0; i < 8; ++i)
            to.word(0);
        to.word(static_cast<std::uint16_t>(minimum >> 16U))
            .word(static_cast<std::uint16_t>(minimum));
    });
}

} // namespace

TEST_CASE("dns message: SRV records of the question's name, names in lower case") {
    const auto answer = read(reply()
                                 .srv(service, 300, 10, 60, 5060, "A.Example.TEST")
                                 .srv("_SIP._UDP.Example.test", 60, 20, 0, 5070, "b.test"));
    REQUIRE(answer.has_value());
    CHECK(answer->records.services ==
          std::vector<SrvRecord>{{10, 60, 5060, "a.example.test"}, {20, 0, 5070, "b.test"}});
    CHECK(answer->ttl == 60s);
}

TEST_CASE("dns message: NAPTR records") {
    DnsReply message("example.test", DnsReply::naptr_type);
    message.naptr("example.test", 30, 10, 20, "SIPS+D2T", "_sips._tcp.example.test");
    const auto answer = read_dns_answer(message.bytes, naptr_question);
    REQUIRE(answer.has_value());
    CHECK(answer->records.pointers ==
          std::vector<NaptrRecord>{{10, 20, "s", "SIPS+D2T", "", "_sips._tcp.example.test"}});
    CHECK(answer->ttl == 30s);
}

TEST_CASE("dns message: compressed names are followed") {
    DnsReply message = reply();
    // The owner is the question's name at 12; the target is "a" before "example.test" at 22.
    message.count(3, 1);
    message.word(0xC00C).word(33).word(1).word(0).word(60).word(10);
    message.word(1).word(2).word(5060).string("a").word(0xC000 | 22);
    CHECK(services(message) == std::vector<SrvRecord>{{1, 2, 5060, "a.example.test"}});
}

TEST_CASE("dns message: an SRV target of . is the root") {
    CHECK(services(reply().srv(service, 60, 0, 0, 0, "")) == std::vector<SrvRecord>{{0, 0, 0, ""}});
}

TEST_CASE("dns message: CNAMEs lead to records of another name, and their TTL counts") {
    const auto answer = read(reply()
                                 .alias(service, 20, "x.test")
                                 .alias("x.test", 500, "y.test")
                                 .srv("y.test", 300, 1, 1, 5060, "a.test"));
    REQUIRE(answer.has_value());
    CHECK(answer->records.services.size() == 1);
    CHECK(answer->ttl == 20s);
}

TEST_CASE("dns lies: CNAMEs that go round in a circle end") {
    CHECK(services(reply().alias(service, 20, "x.test").alias("x.test", 20, service)).empty());
}

TEST_CASE("dns lies: records of a name that was not asked for count for nothing") {
    CHECK(services(reply()
                       .srv("_sip._udp.victim.test", 60, 1, 1, 5060, "evil.test")
                       .srv("x." + service, 60, 1, 1, 5060, "evil.test"))
              .empty());
    DnsReply naptr = reply();
    naptr.naptr(service, 60, 1, 1, "SIP+D2U", "evil.test");
    CHECK(services(naptr).empty());
}

TEST_CASE("dns lies: TTLs of 0, of 68 years and beyond") {
    CHECK(read(reply().srv(service, 0, 1, 1, 1, "a.test"))->ttl == 0s);
    CHECK(read(reply().srv(service, 0x7FFFFFFF, 1, 1, 1, "a.test"))->ttl == 0x7FFFFFFFs);
    CHECK(read(reply().srv(service, 0x80000000, 1, 1, 1, "a.test"))->ttl == 0s);
}

TEST_CASE("dns lies: a name whose pointer leads to itself, forward or outside is bad") {
    for (const std::uint16_t pointer :
         std::array<std::uint16_t, 4>{0xC028, 0xC029, 0xFFFF, 0xC00C}) {
        DnsReply message = reply();
        message.count(3, 1);
        const std::size_t at = message.bytes.size();
        message.word(pointer).word(33).word(1).word(0).word(60).word(8);
        message.word(1).word(1).word(5060).word(static_cast<std::uint16_t>(0xC000 | (at + 18)));
        CAPTURE(pointer);
        const auto answer = read(message);
        CHECK((!answer || answer->records.services.empty()));
    }
}

TEST_CASE("dns lies: text that is part of no host name leaves the record out") {
    for (const std::string_view label : {"a b", "a\\b", "a/b", "sip:a", "<a>"}) {
        CAPTURE(label);
        CHECK(services(reply().srv(service, 60, 1, 1, 1, label)).empty());
    }
    DnsReply nul = reply();
    nul.srv(service, 60, 1, 1, 1, std::string_view("a\0b", 3));
    CHECK(services(nul).empty());
    CHECK(services(reply().srv(service, 60, 1, 1, 1, "a b").srv(service, 60, 1, 1, 1, "c.test"))
              .size() == 1);
}

TEST_CASE("dns lies: counts and lengths that lead outside the message are bad") {
    DnsReply short_of_one = reply().srv(service, 60, 1, 1, 1, "a.test");
    short_of_one.count(3, 2);
    CHECK(read(short_of_one).has_error());
    const DnsReply whole = reply().srv(service, 60, 1, 1, 1, "a.test");
    for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
        DnsReply cut = whole;
        cut.bytes.resize(size);
        CHECK(read(cut).has_error());
    }
    DnsReply data_too_short = reply();
    data_too_short.record(service, DnsReply::srv_type, 60, {0, 1, 0, 1});
    CHECK(services(data_too_short).empty());
}

TEST_CASE("dns message: none there counts as long as the SOA record says") {
    CHECK(read(reply())->records.empty());
    CHECK(read(reply())->ttl == 0s);
    CHECK(read(reply().record("example.test", DnsReply::soa, 100, soa(40), 4))->ttl == 40s);
    CHECK(read(reply().record("example.test", DnsReply::soa, 30, soa(4'000'000'000), 4))->ttl ==
          30s);
    CHECK(read(reply().record("example.test", DnsReply::soa, 30, {1, 2}, 4))->ttl == 0s);
}

TEST_CASE("dns message: no more records are looked at than a bound") {
    DnsReply message = reply();
    for (std::size_t i = 0; i < 2 * most_records; ++i)
        message.srv(service, 60, 1, 1, 1, "a.test");
    message.count(3, 2 * most_records);
    CHECK(services(message).size() == most_records);
}
