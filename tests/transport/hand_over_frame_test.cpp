#include "transport/descriptor_passing.hpp"
#include "transport/hand_over_frame.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>

using namespace roundabout;
using namespace roundabout::transport;

namespace {

struct Link {
    explicit Link(int kind) {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
        one.reset(ends[0]);
        other.reset(ends[1]);
    }
    Descriptor one;
    Descriptor other;
};

PassedMessage passed(const std::string& bytes) {
    return {Transport::udp, *Endpoint::parse("192.0.2.1:5060"),
            *Endpoint::parse("[2001:db8::7]:65535"), bytes};
}

} // namespace

TEST_CASE("A message comes back from its record as it was, whatever it holds") {
    for (const std::string& bytes :
         {std::string("OPTIONS sip:x SIP/2.0\r\n\r\n"), std::string(), std::string("\n \0M", 4)}) {
        const std::string frame = to_frame(passed(bytes));
        CHECK(frame.front() == static_cast<char>(HandOverFrame::message));
        CHECK(parse_message(frame) == passed(bytes));
    }
}

TEST_CASE("What is no message is none") {
    for (const char* frame :
         {"", "M", "Mudp", "Mudp 192.0.2.1:5060", "Mudp 192.0.2.1:5060 x\n",
          "Msctp 192.0.2.1:5060 192.0.2.2:5060\nx", "Mudp 192.0.2.1 192.0.2.2:5060\nx",
          "Gudp 192.0.2.1:5060 192.0.2.2:5060\nx"})
        CHECK_MESSAGE(!parse_message(frame), frame);
}

TEST_CASE("Any number of keys comes back, in as many records as it takes") {
    for (const std::size_t count : {0U, 1U, 4000U, 4001U, 100'000U}) {
        KeysUnderWay keys{{1, ~std::uint64_t{0}}, {}};
        for (std::size_t i = 0; i < count; ++i)
            keys.hashes.push_back(i * 0x9E3779B97F4A7C15ULL);
        KeysUnderWay got;
        const auto frames = to_frames(keys);
        CHECK(!frames.empty());
        for (const std::string& frame : frames) {
            CHECK(frame.size() <= most_hand_over_frame);
            const auto some = parse_keys(frame);
            REQUIRE(some.has_value());
            got.secret = some->secret;
            got.hashes.insert(got.hashes.end(), some->hashes.begin(), some->hashes.end());
        }
        CHECK(got == keys);
    }
}

TEST_CASE("What is no list of keys is none") {
    for (const std::string& frame :
         {std::string(), std::string("K"), std::string(16, 'K'), std::string(18, 'K'),
          std::string(17, 'M'), std::string(28, 'K')})
        CHECK_MESSAGE(!parse_keys(frame), frame.size());
    CHECK(parse_keys(std::string(17, 'K')).has_value());
}

TEST_CASE("A record brings its bytes and second descriptors of what was sent") {
    for (const int kind : {SOCK_SEQPACKET, SOCK_STREAM}) {
        const Link link(kind);
        const Link payload(SOCK_SEQPACKET);
        const std::array numbers{payload.one.get(), payload.other.get()};
        REQUIRE(send_record(link.one.get(), "S", numbers));
        Record record;
        REQUIRE(receive_record(link.other.get(), 100, record));
        CHECK(record.bytes == "S");
        REQUIRE(record.descriptors.size() == 2);
        CHECK((::fcntl(record.descriptors[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
        REQUIRE(send_record(record.descriptors[0].get(), "through it"));
        REQUIRE(receive_record(payload.other.get(), 100, record));
        CHECK(record.bytes == "through it");
        CHECK(record.descriptors.empty());
    }
}

TEST_CASE("Records are told apart, and from the end of the link") {
    Link link(SOCK_SEQPACKET);
    Record record;
    CHECK_FALSE(receive_record(link.other.get(), 100, record));
    CHECK(errno == EAGAIN);
    REQUIRE(send_record(link.one.get(), "one"));
    REQUIRE(send_record(link.one.get(), "two"));
    REQUIRE(receive_record(link.other.get(), 100, record));
    CHECK(record.bytes == "one");
    REQUIRE(receive_record(link.other.get(), 100, record));
    CHECK(record.bytes == "two");
    link.one.reset();
    REQUIRE(receive_record(link.other.get(), 100, record));
    CHECK(record.bytes.empty());
    CHECK_FALSE(send_record(link.other.get(), "x"));
    CHECK(errno == EPIPE);
}

TEST_CASE("A record that is too long, or has too many descriptors, is refused") {
    const Link link(SOCK_SEQPACKET);
    Record record;
    REQUIRE(send_record(link.one.get(), std::string(101, 'x')));
    CHECK_FALSE(receive_record(link.other.get(), 100, record));
    CHECK(errno == EMSGSIZE);
    const std::vector<int> many(most_descriptors + 1, link.one.get());
    CHECK_FALSE(send_record(link.one.get(), "S", many));
    CHECK(errno == EMSGSIZE);
    CHECK(send_record(link.one.get(), "S", std::span(many).first(most_descriptors)));
    REQUIRE(receive_record(link.other.get(), 100, record));
    CHECK(record.descriptors.size() == most_descriptors);
}
