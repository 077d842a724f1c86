#include "transaction/scene.hpp"
#include "transaction/server_transaction.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction;
using namespace roundabout::transaction::test;
using namespace std::chrono_literals;

namespace {

const std::string branch = "z9hG4bKs";

using Lines = std::vector<std::string>;
using Moments = std::vector<long long>;

} // namespace

TEST_CASE("R24 R34 an INVITE without a response gets a 100 after 200 ms, with received and rport") {
    Scene scene;
    scene.serve(request("INVITE", branch));
    scene.pass(199ms);
    CHECK(scene.flows.sent.empty());
    scene.pass(1ms);
    REQUIRE(scene.sent() == Lines{"100"});
    CHECK(scene.flows.sent[0].bytes.find("received=192.0.2.7") != std::string::npos);
    CHECK(scene.flows.sent[0].flow == flow_by(Transport::udp));
    CHECK(scene.arrive(request("INVITE", branch)));
    CHECK(scene.sent() == Lines{"100", "100"});
}

TEST_CASE("A retransmitted INVITE is absorbed, and answered by the last provisional response") {
    Scene scene;
    ServerTransaction server = scene.serve(request("INVITE", branch));
    CHECK(scene.arrive(request("INVITE", branch)));
    CHECK(scene.flows.sent.empty());
    scene.respond(server, 180, "INVITE");
    scene.respond(server, 183, "INVITE");
    CHECK(scene.arrive(request("INVITE", branch)));
    CHECK(scene.sent() == Lines{"180", "183", "183"});
    CHECK(scene.layer.counters.requests_absorbed.value() == 2);
    CHECK(scene.layer.counters.servers_started.value() == 1);
    scene.pass(1h);
    CHECK(scene.sent().size() == 3);
    CHECK(static_cast<bool>(server));
}

TEST_CASE("R19 a non-2xx leaves at Timer G's moments until the ACK, which is absorbed") {
    Scene scene;
    ServerTransaction server = scene.serve(request("INVITE", branch));
    scene.respond(server, 486, "INVITE");
    scene.pass(4s);
    CHECK(scene.moments() == Moments{0, 500, 1500, 3500});
    CHECK(scene.arrive(request("INVITE", branch)));
    CHECK(scene.arrive(request("ACK", branch, "t")));
    CHECK(scene.arrive(request("ACK", branch, "t")));
    CHECK(scene.arrive(request("INVITE", branch)));
    scene.pass(4999ms);
    CHECK(scene.sent() == Lines{"486", "486", "486", "486", "486"});
    CHECK(scene.events<ServerEnded>().empty());
    scene.pass(1ms);
    REQUIRE(scene.seen.size() == 1);
    CHECK(std::get<ServerEnded>(scene.seen[0]).why == Error::none);
    CHECK(scene.all_ended());
    CHECK_FALSE(static_cast<bool>(server));
    CHECK_FALSE(server.respond(200, Bytes("late")));
}

TEST_CASE("A non-2xx without ACK is given up by Timer H, and the context is told") {
    Scene scene;
    ServerTransaction server = scene.serve(request("INVITE", branch));
    scene.respond(server, 503, "INVITE");
    scene.pass(40s);
    CHECK(scene.moments() ==
          Moments{0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500});
    REQUIRE(scene.events<ServerEnded>().size() == 1);
    CHECK(scene.events<ServerEnded>()[0]->why == Error::transaction_timeout);
    CHECK(scene.layer.counters.acks_missing.value() == 1);
    CHECK(scene.all_ended());
}

TEST_CASE("On a stream a non-2xx leaves once and its transaction ends with the ACK") {
    Scene scene;
    ServerTransaction server = scene.serve(request("INVITE", branch), Transport::tcp);
    scene.respond(server, 486, "INVITE");
    scene.pass(10s);
    CHECK(scene.moments() == Moments{0});
    CHECK(scene.arrive(request("ACK", branch, "t"), Transport::tcp));
    CHECK(scene.all_ended());
}

TEST_CASE("R26 every 2xx leaves at once, also retransmitted ones, and none by a timer") {
    Scene scene;
    ServerTransaction server = scene.serve(request("INVITE", branch));
    scene.respond(server, 200, "INVITE");
    scene.pass(500ms);
    scene.respond(server, 200, "INVITE");
    scene.respond(server, 180, "INVITE");
    scene.respond(server, 486, "INVITE");
    CHECK(scene.arrive(request("INVITE", branch)));
    scene.pass(31s);
    scene.respond(server, 200, "INVITE");
    CHECK(scene.moments() == Moments{0, 500, 31500});
    scene.pass(500ms);
    CHECK(scene.all_ended());
}

TEST_CASE("R19 an ACK to a 2xx has its own branch and belongs to no transaction") {
    Scene scene;
    ServerTransaction server = scene.serve(request("INVITE", branch));
    scene.respond(server, 200, "INVITE");
    CHECK_FALSE(scene.arrive(request("ACK", "z9hG4bKack", "t")));
    CHECK(scene.seen.empty());
}

TEST_CASE("R19 an ACK to a 2xx with the INVITE's branch is passed to the context") {
    for (const std::string& old : {branch, std::string("1")}) {
        Scene scene;
        ServerTransaction server = scene.serve(request("INVITE", old));
        scene.respond(server, 200, "INVITE");
        const std::string ack = request("ACK", old, "t");
        CHECK(scene.arrive(ack));
        REQUIRE(scene.events<AckReceived>().size() == 1);
        CHECK(scene.events<AckReceived>()[0]->ack->message.bytes() == ack);
    }
}

TEST_CASE(
    "R20 a CANCEL is answered with 200 here, each time it comes, and told to the context once") {
    Scene scene;
    scene.serve(request("INVITE", branch));
    CHECK(scene.arrive(request("CANCEL", branch)));
    CHECK(scene.arrive(request("CANCEL", branch)));
    CHECK(scene.events<CancelReceived>().size() == 1);
    REQUIRE(scene.sent() == Lines{"200", "200"});
    CHECK(scene.flows.sent[0].bytes == scene.flows.sent[1].bytes);
    CHECK(scene.flows.sent[0].bytes.find("CSeq: 7 CANCEL") != std::string::npos);
    CHECK(scene.flows.sent[0].bytes.find("To: <sip:bob@example.com>;tag=") != std::string::npos);
}

TEST_CASE("R20 a CANCEL after the final response is answered and has no effect") {
    for (const std::uint16_t status : {std::uint16_t{200}, std::uint16_t{486}}) {
        Scene scene;
        ServerTransaction server = scene.serve(request("INVITE", branch));
        scene.respond(server, status, "INVITE");
        CHECK(scene.arrive(request("CANCEL", branch)));
        CHECK(scene.sent() == Lines{std::to_string(status), "200"});
        CHECK(scene.events<CancelReceived>().empty());
    }
}

TEST_CASE("R46 a CANCEL without its INVITE is handed back") {
    Scene scene;
    CHECK_FALSE(scene.arrive(request("CANCEL", branch)));
    scene.serve(request("MESSAGE", branch));
    CHECK_FALSE(scene.arrive(request("CANCEL", branch)));
    CHECK(scene.flows.sent.empty());
}

TEST_CASE("R28 an RFC 2543 client's retransmission, ACK and CANCEL find their transaction") {
    Scene scene;
    const std::string old = "42";
    ServerTransaction server = scene.serve(request("INVITE", old));
    CHECK(scene.arrive(request("INVITE", old)));
    CHECK(scene.arrive(request("CANCEL", old)));
    CHECK(scene.events<CancelReceived>().size() == 1);
    scene.respond(server, 487, "INVITE");
    CHECK(scene.arrive(request("ACK", old, "tag-of-the-487")));
    scene.pass(33s);
    CHECK(scene.all_ended());
    CHECK(scene.sent() == Lines{"200", "487"});
}

TEST_CASE("A retransmitted non-INVITE is absorbed, then answered from memory for 32 s") {
    Scene scene;
    ServerTransaction server = scene.serve(request("MESSAGE", branch));
    scene.pass(1s);
    CHECK(scene.arrive(request("MESSAGE", branch)));
    CHECK(scene.flows.sent.empty());
    scene.respond(server, 200, "MESSAGE");
    scene.respond(server, 500, "MESSAGE");
    scene.pass(31'999ms);
    CHECK(scene.arrive(request("MESSAGE", branch)));
    CHECK(scene.sent() == Lines{"200", "200"});
    scene.pass(1ms);
    CHECK(scene.all_ended());
    CHECK_FALSE(scene.arrive(request("MESSAGE", branch)));
}

TEST_CASE("R24 a non-INVITE that nobody answers gets nothing, and ends when abandoned") {
    Scene scene;
    ServerTransaction server = scene.serve(request("BYE", branch));
    scene.pass(33s);
    CHECK(scene.flows.sent.empty());
    server.abandon();
    scene.loop.run();
    CHECK(scene.events<ServerEnded>().size() == 1);
    CHECK(scene.all_ended());
}

TEST_CASE("Abandoning does nothing after a final response") {
    Scene scene;
    ServerTransaction server = scene.serve(request("BYE", branch));
    scene.respond(server, 200, "BYE");
    server.abandon();
    scene.loop.run();
    CHECK(static_cast<bool>(server));
}

TEST_CASE("R34 a response whose connection closed waits for another way and leaves by it") {
    Scene scene;
    ServerTransaction server = scene.serve(request("INVITE", branch), Transport::tls);
    scene.flows.failure = Error::flow_closed;
    scene.respond(server, 486, "INVITE");
    REQUIRE(scene.events<ResponseUnsent>().size() == 1);
    CHECK(scene.events<ResponseUnsent>()[0]->why == Error::flow_closed);
    scene.flows.failure.reset();
    Flow other = flow_by(Transport::tls);
    other.id.serial = 77;
    server.reply_by(other);
    scene.loop.run();
    REQUIRE(scene.sent() == Lines{"486"});
    CHECK(scene.flows.sent[0].flow == other);
    server.reply_by(other);
    scene.loop.run();
    CHECK(scene.flows.sent.size() == 1);
    CHECK(scene.arrive(request("ACK", branch, "t"), Transport::tls));
    CHECK(scene.all_ended());
}

TEST_CASE("R34 a way that fails at once like the last one is not tried for ever") {
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
        Scene scene;
        ServerTransaction server = scene.serve(request("INVITE", branch), transport);
        scene.flows.failure = Error::not_listening;
        scene.respond(server, 486, "INVITE");
        std::size_t told = scene.events<ResponseUnsent>().size();
        for (std::size_t before = 0; told != before && told < 20;) {
            before = told;
            server.reply_by(flow_by(transport));
            scene.loop.run();
            told = scene.events<ResponseUnsent>().size();
        }
        CHECK(told < 5);
        // Its sender asks again: then it is tried anew.
        scene.flows.failure.reset();
        CHECK(scene.arrive(request("INVITE", branch), transport));
        CHECK(scene.sent() == Lines{"486"});
    }
}

TEST_CASE("R34 what is no INVITE waits for another way as well, and not for ever") {
    for (const bool found : {true, false}) {
        Scene scene;
        ServerTransaction server = scene.serve(request("MESSAGE", branch), Transport::tls);
        scene.flows.failure = Error::flow_closed;
        scene.respond(server, 200, "MESSAGE");
        REQUIRE(scene.events<ResponseUnsent>().size() == 1);
        scene.flows.failure.reset();
        if (found) {
            server.reply_by(flow_by(Transport::tls));
            scene.loop.run();
            CHECK(scene.sent() == Lines{"200"});
        } else {
            CHECK_FALSE(scene.all_ended());
            scene.pass(std::chrono::seconds(33));
            CHECK(scene.sent().empty());
        }
        CHECK(scene.all_ended());
    }
}

TEST_CASE("R34 a response that was queued and could not be written is told by its ticket") {
    Scene scene;
    ServerTransaction server = scene.serve(request("INVITE", branch), Transport::tcp);
    scene.respond(server, 200, "INVITE");
    REQUIRE(scene.flows.sent.size() == 1);
    CHECK(scene.layer.tickets.deliver(
        transport::SendFailed{scene.flows.sent[0].ticket, Error::flow_closed}));
    scene.loop.run();
    CHECK(scene.events<ResponseUnsent>().size() == 1);
    server.reply_by(flow_by(Transport::tcp));
    scene.loop.run();
    CHECK(scene.sent() == Lines{"200", "200"});
}

TEST_CASE("A flood of retransmissions never costs the response") {
    Scene scene;
    ServerTransaction server = scene.serve(request("INVITE", branch));
    for (int i = 0; i < 1000; ++i)
        (void)scene.layer.accept({parsed(request("INVITE", branch)), flow_by(Transport::udp)});
    CHECK(server.respond(486, Bytes(response(486, "INVITE", branch))));
    scene.loop.run();
    CHECK(scene.sent() == Lines{"486"});
    CHECK(scene.layer.counters.events_dropped.value() > 900);
}

TEST_CASE("Stop ends every server transaction, and says so") {
    Scene scene;
    scene.serve(request("INVITE", branch));
    scene.serve(request("BYE", branch));
    scene.layer.stop();
    scene.loop.run();
    REQUIRE(scene.events<ServerEnded>().size() == 2);
    CHECK(scene.events<ServerEnded>()[0]->why == Error::stopped);
    CHECK(scene.all_ended());
}

TEST_CASE("A request with the key of a running transaction does not push that one out") {
    Scene scene;
    const ServerTransaction first = scene.serve(request("INVITE", branch));
    ServerTransaction second = scene.serve(request("INVITE", branch));
    second.abandon();
    scene.loop.run();
    CHECK(scene.arrive(request("CANCEL", branch)));
    CHECK(scene.events<CancelReceived>().size() == 1);
    CHECK(static_cast<bool>(first));
}
