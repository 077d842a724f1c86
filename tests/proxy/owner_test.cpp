#include "proxy/proxy_scene.hpp"
#include "routing/branch.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

std::string call_of(int number) { return "Call-ID: call-" + std::to_string(number); }

sip::Message response_with(const routing::Branch& branch, const routing::KeyRing& keys,
                           int number = 0) {
    const std::string below = "SIP/2.0/UDP 203.0.113.9:5062;branch=z9hG4bKbelow";
    const std::string own = routing::seal_branch(keys.front().branch_mac, branch, below);
    const std::string worker = branch.stream ? ";w=" + std::to_string(branch.worker) : "";
    return *sip::index_message(
        "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=" + own + worker +
            "\r\nVia: " + below + "\r\n" + call_of(number) + "\r\n\r\n",
        sip::Framing::datagram);
}

sip::Message call(const std::string& method, int number) {
    return request(method, "sip:b@pbx.test",
                   {via("z9hG4bK1"), "CSeq: 1 " + method, call_of(number)});
}

} // namespace

TEST_CASE("A lone worker owns everything") {
    const auto keys = roundabout::test::test_keys();
    CHECK(owner_of(call("INVITE", 1), keys, 1) == 0);
    CHECK(owner_of(response_with({true, 5, 0, 0, 77, 0}, keys), keys, 1) == 0);
}

TEST_CASE("An INVITE, its CANCEL, its ACK and its responses go to one worker") {
    const auto keys = roundabout::test::test_keys();
    for (int number = 0; number < 50; ++number) {
        const sip::Message invite = call("INVITE", number);
        const std::uint16_t owner = owner_of(invite, keys, 7);
        CHECK(owner < 7);
        CHECK(owner_of(call("CANCEL", number), keys, 7) == owner);
        CHECK(owner_of(call("ACK", number), keys, 7) == owner);
        CHECK(owner_of(response_with({}, keys, number), keys, 7) == owner);
    }
}

TEST_CASE("Requests spread over the workers") {
    const auto keys = roundabout::test::test_keys();
    std::vector<int> shares(4);
    for (int number = 0; number < 400; ++number)
        ++shares[owner_of(call("INVITE", number), keys, 4)];
    for (const int share : shares)
        CHECK(share > 50);
}

TEST_CASE("A response to a request that came by a stream goes to the worker its branch names") {
    const auto keys = roundabout::test::test_keys();
    for (std::uint8_t worker = 0; worker < 4; ++worker)
        CHECK(owner_of(response_with({true, worker, 0, 0, 1'000'003, 0}, keys), keys, 4) == worker);
}

TEST_CASE("For UDP the worker in the branch means nothing") {
    const auto keys = roundabout::test::test_keys();
    for (std::uint8_t worker = 0; worker < 4; ++worker)
        CHECK(owner_of(response_with({false, worker, 0, 0, 0, 0}, keys, 8), keys, 4) ==
              owner_of(call("INVITE", 8), keys, 4));
}

TEST_CASE("R46 with fewer workers after a restart a response still goes to one that exists") {
    const auto keys = roundabout::test::test_keys();
    CHECK(owner_of(response_with({true, 6, 0, 0, 0, 0}, keys), keys, 4) < 4);
}

TEST_CASE("R27 a response that is not ours goes to some worker, to be dropped there") {
    const auto keys = roundabout::test::test_keys();
    const sip::Message foreign =
        *sip::index_message("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x.test;branch=z9hG4bKx\r\n\r\n",
                            sip::Framing::datagram);
    CHECK(owner_of(foreign, keys, 4) < 4);
    const sip::Message bare =
        *sip::index_message("SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n", sip::Framing::datagram);
    CHECK(owner_of(bare, keys, 4) < 4);
}
