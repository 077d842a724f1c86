#include "routing/branch.hpp"
#include "routing/scene_fixture.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

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

TEST_CASE("R46 branch: for a stream it is the same whatever port the connection has") {
    const KeyRing keys = test_keys();
    const std::string before = "SIP/2.0/TCP c.test:5060;branch=z9hG4bKorig;rport=5062;received=";
    const std::string after = "SIP/2.0/TCP c.test:5060;branch=z9hG4bKorig;rport=40001;received=";
    const auto sealed = [&](const Branch& branch, const std::string& via) {
        return seal_branch(keys.front().branch_mac, branch, via);
    };
    Branch branch = sample();
    const std::string text = sealed(branch, before + "203.0.113.9");
    CHECK(sealed(branch, after + "203.0.113.9") == text);
    CHECK(is_authentic(keys, text, after + "203.0.113.9"));
    CHECK_FALSE(is_authentic(keys, text, after + "203.0.113.7"));
    branch.stream = false;
    CHECK(sealed(branch, after + "203.0.113.9") != sealed(branch, before + "203.0.113.9"));
}

TEST_CASE("R46 branch: the worker that waits stands beside it") {
    CHECK(waiting_worker(*sip::parse_via("SIP/2.0/TCP x;branch=z9hG4bK1;w=3")) == 3);
    CHECK_FALSE(waiting_worker(*sip::parse_via("SIP/2.0/TCP x;branch=z9hG4bK1")).has_value());
    CHECK_FALSE(waiting_worker(*sip::parse_via("SIP/2.0/TCP x;branch=z9hG4bK1;w=x")).has_value());
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
    const std::uint64_t first = loop_hash(key, request("INVITE", "sip:b@b.test"), 0);
    const std::string via = "Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKneighbour";
    const auto hash = [](std::string_view uri, std::vector<std::string> lines) {
        return loop_hash(key, request("INVITE", uri, std::move(lines)), 0);
    };
    CHECK(hash("sip:b@b.test", {via}) == first);
    CHECK(hash("sip:b@b.test", {"Max-Forwards: 3", "Max-Breadth: 3", "X: y"}) == first);
    CHECK(hash("sip:c@b.test", {}) != first);
    CHECK(hash("sip:b@b.test", {"Route: <sip:x.test;lr>"}) != first);
    CHECK(hash("sip:b@b.test", {"Call-ID: other"}) != first);
    CHECK(hash("sip:b@b.test", {"From: <sip:a@a.test>;tag=other"}) != first);
    CHECK(hash("sip:b@b.test", {"CSeq: 2 INVITE"}) != first);
    CHECK(loop_hash(key, request("INVITE", "sip:b@b.test"), 1) != first);
}

namespace {

const std::string client_via =
    "SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKorig;received=203.0.113.9";
const std::string neighbours = "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKneighbour";

/// A Via that we put on a request for `uri`, above the client's.
std::string own_via(const KeyRing& keys, std::string_view uri = "sip:b@b.test") {
    Branch branch = sample();
    branch.loop = loop_hash(keys.front().loop, request("INVITE", uri), 0);
    return "SIP/2.0/UDP 192.0.2.1:5060;branch=" +
           seal_branch(keys.front().branch_mac, branch, client_via);
}

} // namespace

TEST_CASE("R29 branch: a request that bears our Via with its own hash has looped") {
    const KeyRing keys = test_keys();
    const std::string ours = own_via(keys) + ";received=192.0.2.1";
    const auto looped = [&](const std::vector<std::string>& vias) {
        std::string joined = "Via: ";
        for (const std::string& value : vias)
            joined += (joined.size() > 5 ? ", " : "") + value;
        return has_looped(keys, request("INVITE", "sip:b@b.test", {joined}), 0);
    };
    CHECK(looped({ours, client_via}));
    CHECK(looped({neighbours, ours, client_via}));
    CHECK(looped({neighbours, own_via(keys, "sip:else@b.test"), ours, client_via}));
    CHECK_FALSE(looped({client_via}));
    CHECK_FALSE(looped({neighbours, client_via}));
    const auto in_rows = request("INVITE", "sip:b@b.test",
                                 {"Via: " + neighbours, "v: " + ours, "Via: " + client_via});
    CHECK(has_looped(keys, in_rows, 0));
}

TEST_CASE("R29 branch: a spiral has not looped, nor does a Via count that we did not write so") {
    const KeyRing keys = test_keys();
    const auto looped = [&](const std::string& via, std::string_view uri = "sip:b@b.test",
                            std::uint32_t from = 0) {
        return has_looped(keys, request("INVITE", uri, {"Via: " + neighbours + ", " + via}), from);
    };
    const std::string ours = own_via(keys);
    REQUIRE(looped(ours + ", " + client_via));
    CHECK_FALSE(looped(ours + ", " + client_via, "sip:c@b.test"));
    CHECK_FALSE(looped(ours + ", " + client_via, "sip:b@b.test", 1)); // another server sends it
    CHECK_FALSE(looped(ours + ", SIP/2.0/UDP 203.0.113.66;branch=z9hG4bKother"));
    CHECK_FALSE(looped(ours)); // nobody below: not as it left
    CHECK_FALSE(looped(own_via(test_keys({9})) + ", " + client_via));
    CHECK(has_looped(
        test_keys({2, 1}),
        request("INVITE", "sip:b@b.test", {"Via: " + own_via(test_keys({2})) + ", " + client_via}),
        0));
}

TEST_CASE("R46 branch: a CANCEL and an ACK to a non-2xx hash like their INVITE") {
    const auto invite = request("INVITE", "sip:b@b.test", {"Proxy-Authorization: Digest x"});
    const auto cancel = request("CANCEL", "sip:b@b.test");
    CHECK(loop_hash(key, cancel, 7) == loop_hash(key, invite, 7));
    const auto ack = request("ACK", "sip:b@b.test", {"To: <sip:b@b.test>;tag=t1"});
    CHECK(loop_hash(key, ack, 7) == loop_hash(key, invite, 7));
    CHECK(owner_hash(key, cancel) == owner_hash(key, invite));
}

TEST_CASE("R46 branch: an older version's is authentic, and made again the same") {
    constexpr std::string_view branch = "z9hG4bKQ8gA777__________-_Nq4lnRSMB2XR8S2c1Snk";
    CHECK(seal_branch(test_keys().front().branch_mac, sample(), next_via) == branch);
    CHECK(is_authentic(test_keys(), branch, next_via));
    const sip::Message invite =
        request("INVITE", "sip:bob@pbx.example.com", {"Route: <sip:a@b;lr>"});
    CHECK(owner_hash(key, invite) == 202436276674542150ULL);
    CHECK(loop_hash(key, invite, 7) == 12859972223091824235ULL);
}

TEST_CASE("R29 branch: our Via counts however others have written it anew") {
    const KeyRing keys = test_keys();
    const std::string ours = own_via(keys);
    const std::size_t at = ours.find(";branch=");
    const std::string branch = ours.substr(at + 8, 46);
    REQUIRE(branch.starts_with("z9hG4bK"));
    const auto looped = [&](const std::string& parameters) {
        const std::string via = ours.substr(0, at) + parameters;
        return has_looped(
            keys, request("INVITE", "sip:b@b.test", {"Via: " + via, "Via: " + client_via}), 0);
    };
    CHECK(looped(";branch=" + branch));
    CHECK(looped(";x=z9hG4bK;BRANCH = " + branch + " ;received=192.0.2.1"));
    CHECK(looped(";rport=5060;branch=" + branch + ";x"));
    CHECK_FALSE(looped(";branch=" + branch + "A"));
    CHECK_FALSE(looped(";branch=" + branch.substr(0, 45)));
    CHECK_FALSE(looped(";branch=z9hG4bKx;x=" + branch));
}
