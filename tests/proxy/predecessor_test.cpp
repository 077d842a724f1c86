#include "proxy/predecessor.hpp"
#include "proxy/proxy_scene.hpp"
#include "transport/descriptor_passing.hpp"

#include <doctest/doctest.h>

#include <array>
#include <sys/socket.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

constexpr HashKey secret{3, 4};

sip::Message call(const std::string& method, std::vector<std::string> lines = {}) {
    lines.emplace_back("Via: SIP/2.0/UDP pbx.test;branch=z9hG4bKcall");
    return request(method, "sip:bob@carrier.test", lines);
}

/// A worker whose process has taken the place of one that has `call("INVITE")` under way.
class Scene : public ProxyScene {
  public:
    Scene() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()) == 0);
        link.reset(ends[1]);
        const auto key = transaction::fsm::ServerKey::of(call("INVITE"));
        before = std::make_unique<Predecessor>(
            transport::Descriptor(ends[0]),
            transport::KeysUnderWay{secret, {transaction::fsm::KeyHash(secret)(*key)}});
        services.before = before.get();
    }

    /// The first line of what the process before was given, and from whom; empty: nothing.
    std::string given() const {
        transport::Record record;
        if (!transport::receive_record(link.get(), transport::most_hand_over_frame, record))
            return {};
        const auto message = transport::parse_message(record.bytes);
        REQUIRE(message.has_value());
        return message->bytes.substr(0, message->bytes.find(' ')) + " from " +
               message->remote.to_string();
    }

    transport::Descriptor link;
    std::unique_ptr<Predecessor> before;
};

} // namespace

TEST_CASE("R28 R19 R20 what belongs to an INVITE of the process before is passed to it") {
    Scene scene;
    const std::string from = " from " + pbx().remote.to_string();
    for (const char* method : {"INVITE", "ACK", "CANCEL"}) {
        scene.arrive(pbx(), call(method));
        CHECK(scene.given() == std::string(method) + from);
        CHECK(scene.sent().empty());
    }
    CHECK(scene.before->passed() == 3);
}

TEST_CASE("Another request is our own, and so is one by a connection") {
    Scene scene;
    scene.arrive(pbx(), request("INVITE", "sip:bob@carrier.test",
                                {"Via: SIP/2.0/UDP pbx.test;branch=z9hG4bKother"}));
    CHECK(scene.given().empty());
    Flow stream = pbx();
    stream.transport = Transport::tcp;
    stream.id = {0, 0, 1, 7};
    scene.arrive(stream, call("INVITE"));
    CHECK(scene.given().empty());
}

TEST_CASE(
    "A response that nobody here waits for is passed to the process before, while it is there") {
    const auto asked = sent_before(
        phone(), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKcall")}), "INVITE pbx");
    Scene scene;
    scene.arrive(pbx(), answer_to(asked, 180));
    CHECK(scene.given() == "SIP/2.0 from " + pbx().remote.to_string());
    CHECK(scene.sent().empty());
    scene.link.reset();
    scene.arrive(pbx(), answer_to(asked, 200)); // R46: as after a restart
    CHECK(scene.sent() == "200 phone");
    CHECK_FALSE(scene.before->is_there());
    CHECK(scene.before->passed() == 1);
}

TEST_CASE("A response of our own is our own") {
    Scene scene;
    scene.arrive(phone(), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKours")}));
    scene.answer(scene.last("INVITE pbx"), 200);
    CHECK(scene.sent() == "INVITE pbx, 200 phone");
    CHECK(scene.given().empty());
}

TEST_CASE("R46 when the process before has ended, what was its own is ours") {
    Scene scene;
    scene.link.reset();
    scene.arrive(pbx(), call("INVITE"));
    CHECK_FALSE(scene.before->is_there());
    CHECK(scene.before->passed() == 0);
    CHECK(scene.layer.servers.size() == 1);
}
