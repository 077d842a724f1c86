#include "routing/branch.hpp"
#include "routing/scene_fixture.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace roundabout;
using namespace roundabout::routing;
using namespace roundabout::test;

namespace {

constexpr HashKey key{1, 2};
constexpr std::string_view next_via =
    "SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKorig;received=203.0.113.9";

Branch sample() {
    Branch branch;
    branch.stream = true;
    branch.worker = 3;
    branch.target = 200;
    branch.listener = 0xBEEF;
    branch.owner = std::numeric_limits<std::uint64_t>::max();
    branch.loop = 0x0123456789ABCDEF;
    return branch;
}

} // namespace

TEST_CASE("R46 branch: what it says can be read, and its MAC covers the Via below it") {
    const KeyRing keys = test_keys();
    const std::string text = seal_branch(keys.front().branch_mac, sample(), next_via);
    CHECK(text.starts_with("z9hG4bK"));
    CHECK(text.size() == 46);
    CHECK(read_branch(text) == sample());
    CHECK(is_authentic(keys, text, next_via));
    CHECK_FALSE(is_authentic(keys, text, "SIP/2.0/UDP 198.51.100.66;branch=z9hG4bKorig"));
    CHECK_FALSE(is_authentic(test_keys({2}), text, next_via));
    CHECK(is_authentic(test_keys({2, 1}), text, next_via));
}

TEST_CASE("R46 branch: a retransmission gets the same branch, also from a restarted proxy") {
    CHECK(seal_branch(test_keys().front().branch_mac, sample(), next_via) ==
          seal_branch(test_keys().front().branch_mac, sample(), next_via));
}

TEST_CASE("branch: any changed character is either unreadable or not authentic") {
    const KeyRing keys = test_keys();
    const std::string text = seal_branch(keys.front().branch_mac, sample(), next_via);
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK_FALSE(is_authentic(keys, changed, next_via));
    }
}

TEST_CASE("R27 branch: one that we never wrote is not read as ours") {
    for (const auto* text : {"", "z9hG4bK", "z9hG4bKorig", "z9hG4bK-524287-1---abc",
                             "z9hG4bKQAAAIIoZSL7rBuj0GxHFWftnm-rHC1ie9MC6dMcAA"}) {
        CAPTURE(text);
        CHECK_FALSE(read_branch(text).has_value());
    }
}

TEST_CASE("branch: INVITE, its CANCEL, its ACK to a non-2xx and a retransmission have one owner") {
    const std::uint64_t owner = owner_hash(key, request("INVITE", "sip:b@b.test"));
    CHECK(owner_hash(key, request("INVITE", "sip:b@b.test")) == owner);
    CHECK(owner_hash(key, request("CANCEL", "sip:b@b.test")) == owner);
    CHECK(owner_hash(key, request("ACK", "sip:b@b.test", {"To: <sip:b@b.test>;tag=t1"})) == owner);
    CHECK(owner_hash(key, request("INVITE", "sip:b@b.test", {"CSeq: 2 INVITE"})) != owner);
    CHECK(owner_hash(key, request("INVITE", "sip:b@b.test", {"Call-ID: call-2"})) != owner);
}

TEST_CASE("R29 branch: a loop hashes alike, a spiral with another R-URI or Route does not") {
    const std::uint64_t first = loop_hash(key, request("INVITE", "sip:b@b.test"));
    const std::string via = "Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKneighbour";
    CHECK(loop_hash(key, request("INVITE", "sip:b@b.test", {via})) == first);
    CHECK(loop_hash(key, request("INVITE", "sip:c@b.test")) != first);
    CHECK(loop_hash(key, request("INVITE", "sip:b@b.test", {"Route: <sip:x.test;lr>"})) != first);
}

TEST_CASE("R46 branch: a CANCEL hashes like its INVITE, which alone bears credentials") {
    const auto invite = request("INVITE", "sip:b@b.test", {"Proxy-Authorization: Digest x"});
    const auto cancel = request("CANCEL", "sip:b@b.test");
    CHECK(loop_hash(key, cancel) == loop_hash(key, invite));
    CHECK(owner_hash(key, cancel) == owner_hash(key, invite));
}
