#include "sip/hop_requests.hpp"
#include "transaction/client_transaction.hpp"
#include "transaction/scene.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction;
using namespace roundabout::transaction::test;
using namespace std::chrono_literals;

namespace {

const std::string branch = "z9hG4bKc";

using Lines = std::vector<std::string>;
using Moments = std::vector<long long>;

} // namespace

TEST_CASE("An unanswered INVITE leaves by UDP at Timer A's moments, and fails by Timer B") {
    Scene scene;
    const ClientTransaction client = scene.ask("INVITE", branch);
    scene.pass(31'999ms);
    CHECK(scene.moments() == Moments{0, 500, 1500, 3500, 7500, 15500, 31500});
    for (const auto& sent : scene.flows.sent)
        CHECK(sent.bytes == request("INVITE", branch));
    CHECK(scene.seen.empty());
    scene.pass(1ms);
    REQUIRE(scene.seen.size() == 2);
    REQUIRE(scene.events<BranchFailed>().size() == 1);
    CHECK(scene.events<BranchFailed>()[0]->branch == 3);
    CHECK(scene.events<BranchFailed>()[0]->why == Error::transaction_timeout);
    CHECK(std::get<BranchEnded>(scene.seen[1]).branch == 3);
    CHECK(scene.all_ended());
    CHECK_FALSE(static_cast<bool>(client));
    CHECK(scene.layer.counters.client_timeouts.value() == 1);
    CHECK(scene.layer.counters.requests_sent_again.value() == 6);
}

TEST_CASE("An unanswered non-INVITE leaves by UDP at Timer E's moments, and fails by Timer F") {
    Scene scene;
    scene.ask("MESSAGE", branch);
    scene.pass(33s);
    CHECK(scene.moments() ==
          Moments{0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500});
    REQUIRE(scene.events<BranchFailed>().size() == 1);
    CHECK(scene.all_ended());
}

TEST_CASE("On a stream a request leaves once") {
    for (const char* method : {"INVITE", "BYE"}) {
        Scene scene;
        scene.ask(method, branch, Transport::tls);
        scene.pass(33s);
        CHECK(scene.moments() == Moments{0});
        CHECK(scene.events<BranchFailed>().size() == 1);
        CHECK(scene.all_ended());
    }
}

TEST_CASE("A lost INVITE that the next hop gets the second time goes on as if nothing happened") {
    Scene scene;
    scene.ask("INVITE", branch);
    scene.pass(600ms);
    CHECK(scene.arrive(response(100, "INVITE", branch)));
    CHECK(scene.arrive(response(180, "INVITE", branch)));
    scene.pass(60s);
    CHECK(scene.moments() == Moments{0, 500});
    CHECK(scene.statuses() == std::vector<int>{100, 180});
    CHECK(scene.arrive(response(200, "INVITE", branch)));
    CHECK(scene.statuses() == std::vector<int>{100, 180, 200});
    CHECK(scene.sent() == Lines{"INVITE", "INVITE"});
}

TEST_CASE("R19 a non-2xx is passed up once and acknowledged each time, by the ACK of this hop") {
    Scene scene;
    scene.ask("INVITE", branch);
    const std::string busy = response(486, "INVITE", branch);
    CHECK(scene.arrive(busy));
    scene.pass(10s);
    CHECK(scene.arrive(busy));
    CHECK(scene.sent() == Lines{"INVITE", "ACK", "ACK"});
    const sip::Message invite = parsed(request("INVITE", branch));
    CHECK(scene.flows.sent[1].bytes == sip::make_ack(invite, parsed(busy)));
    CHECK(scene.flows.sent[2].bytes == scene.flows.sent[1].bytes);
    CHECK(scene.flows.sent[1].flow == flow_by(Transport::udp));
    CHECK(scene.statuses() == std::vector<int>{486});
    CHECK(scene.events<BranchEnded>().empty());
    scene.pass(22s);
    CHECK(scene.events<BranchEnded>().size() == 1);
    CHECK(scene.events<BranchFailed>().empty());
    CHECK(scene.all_ended());
    CHECK_FALSE(scene.arrive(busy));
}

TEST_CASE("R19 a non-2xx is acknowledged again after a 2xx that came too late to count") {
    Scene scene;
    scene.ask("INVITE", branch);
    const std::string busy = response(486, "INVITE", branch);
    CHECK(scene.arrive(busy));
    CHECK(scene.arrive(response(200, "INVITE", branch, "late")));
    scene.pass(500ms);
    CHECK(scene.arrive(busy));
    CHECK(scene.sent() == Lines{"INVITE", "ACK", "ACK"});
    CHECK(scene.flows.sent[2].bytes == scene.flows.sent[1].bytes);
}

TEST_CASE("R19 R20 what leaves for an INVITE of very many rows is whole") {
    constexpr int rows = 300;
    std::string invite = request("INVITE", branch);
    for (int i = 0; i < rows; ++i)
        invite.insert(invite.find("To:"), "X: y\r\n");
    for (const bool rings : {false, true}) {
        Scene scene;
        scene.ask(invite, "INVITE", branch, Transport::udp);
        if (rings)
            CHECK(scene.arrive(response(180, "INVITE", branch)));
        CHECK(scene.arrive(response(486, "INVITE", branch)));
        CHECK(scene.sent() == Lines{"INVITE", "ACK"});
        const sip::Message ack = parsed(scene.flows.sent[1].bytes);
        CHECK(ack.has(sip::HeaderId::cseq));
        CHECK(ack.has(sip::HeaderId::call_id));
        CHECK_FALSE(sip::check_message(ack).has_value());
    }
}

TEST_CASE("R19 on a stream the ACK to a non-2xx leaves and the transaction ends at once") {
    Scene scene;
    scene.ask("INVITE", branch, Transport::wss);
    CHECK(scene.arrive(response(404, "INVITE", branch), Transport::wss));
    CHECK(scene.sent() == Lines{"INVITE", "ACK"});
    CHECK(scene.statuses() == std::vector<int>{404});
    CHECK(scene.all_ended());
}

TEST_CASE(
    "R26 every 2xx to an INVITE is passed up for 32 s: retransmitted, and forked downstream") {
    Scene scene;
    scene.ask("INVITE", branch);
    CHECK(scene.arrive(response(200, "INVITE", branch, "one")));
    scene.pass(500ms);
    CHECK(scene.arrive(response(200, "INVITE", branch, "one")));
    CHECK(scene.arrive(response(200, "INVITE", branch, "two")));
    CHECK(scene.arrive(response(180, "INVITE", branch, "two")));
    CHECK(scene.arrive(response(486, "INVITE", branch, "three")));
    CHECK(scene.statuses() == std::vector<int>{200, 200, 200});
    CHECK(scene.sent() == Lines{"INVITE"});
    scene.pass(31'499ms);
    CHECK(scene.arrive(response(200, "INVITE", branch, "one")));
    CHECK(scene.statuses().size() == 4);
    scene.pass(1ms);
    CHECK(scene.all_ended());
    CHECK_FALSE(scene.arrive(response(200, "INVITE", branch, "one")));
}

TEST_CASE("A retransmitted final response to a non-INVITE is absorbed for 5 s") {
    Scene scene;
    scene.ask("OPTIONS", branch);
    CHECK(scene.arrive(response(200, "OPTIONS", branch)));
    scene.pass(4s);
    CHECK(scene.arrive(response(200, "OPTIONS", branch)));
    CHECK(scene.statuses() == std::vector<int>{200});
    scene.pass(1s);
    CHECK(scene.all_ended());
    CHECK(scene.sent() == Lines{"OPTIONS"});
}

TEST_CASE("R28 a response with another branch or method belongs to no transaction") {
    Scene scene;
    scene.ask("INVITE", branch);
    CHECK_FALSE(scene.arrive(response(200, "INVITE", "z9hG4bKother")));
    CHECK_FALSE(scene.arrive(response(200, "BYE", branch)));
    CHECK(scene.seen.empty());
}

TEST_CASE("R20 a CANCEL waits for a 1xx, leaves on the same way with the INVITE's branch, once") {
    Scene scene;
    ClientTransaction client = scene.ask("INVITE", branch);
    client.cancel();
    scene.pass(400ms);
    CHECK(scene.sent() == Lines{"INVITE"});
    CHECK(scene.arrive(response(100, "INVITE", branch)));
    client.cancel();
    scene.pass(100ms);
    CHECK(scene.sent() == Lines{"INVITE", "CANCEL"});
    CHECK(scene.flows.sent[1].bytes == sip::make_cancel(parsed(request("INVITE", branch))));
    CHECK(scene.flows.sent[1].flow == flow_by(Transport::udp));

    CHECK(scene.arrive(response(200, "CANCEL", branch)));
    CHECK(scene.arrive(response(487, "INVITE", branch)));
    CHECK(scene.sent() == Lines{"INVITE", "CANCEL", "ACK"});
    CHECK(scene.statuses() == std::vector<int>{100, 487});
    scene.pass(33s);
    CHECK(scene.all_ended());
    CHECK(scene.events<BranchEnded>().size() == 1);
}

TEST_CASE("R19, R20 an INVITE whose body was large is cancelled and acknowledged as any other") {
    const std::string large = request("INVITE", branch) + std::string(3'000, 'v');
    Scene scene;
    ClientTransaction client = scene.ask(large, "INVITE", branch, Transport::udp);
    scene.pass(600ms);
    CHECK(scene.sent() == Lines{"INVITE", "INVITE"});
    CHECK(scene.flows.sent[1].bytes == large);
    CHECK(scene.arrive(response(180, "INVITE", branch)));
    CHECK(scene.arrive(response(180, "INVITE", branch)));
    client.cancel();
    scene.pass(0ms);
    CHECK(scene.flows.sent.back().bytes == sip::make_cancel(parsed(large)));
    const std::string ended = response(487, "INVITE", branch);
    for (int times = 0; times < 2; ++times) {
        CHECK(scene.arrive(ended));
        CHECK(scene.flows.sent.back().bytes == sip::make_ack(parsed(large), parsed(ended)));
    }
}

TEST_CASE("R20 a CANCEL that is lost leaves again") {
    Scene scene;
    ClientTransaction client = scene.ask("INVITE", branch);
    CHECK(scene.arrive(response(180, "INVITE", branch)));
    client.cancel();
    scene.pass(1500ms);
    CHECK(scene.sent() == Lines{"INVITE", "CANCEL", "CANCEL", "CANCEL"});
}

TEST_CASE("R20 nothing is cancelled after a final response") {
    for (const int status : {200, 486}) {
        Scene scene;
        ClientTransaction client = scene.ask("INVITE", branch);
        CHECK(scene.arrive(response(180, "INVITE", branch)));
        CHECK(scene.arrive(response(status, "INVITE", branch)));
        client.cancel();
        scene.pass(1s);
        for (const auto& line : scene.sent())
            CHECK(line != "CANCEL");
    }
}

TEST_CASE("R20 a non-INVITE is never cancelled") {
    Scene scene;
    ClientTransaction client = scene.ask("MESSAGE", branch);
    client.cancel();
    CHECK(scene.arrive(response(100, "MESSAGE", branch)));
    scene.pass(100ms);
    CHECK(scene.sent() == Lines{"MESSAGE"});
}

TEST_CASE("R20 a cancelled INVITE that never gets its 487 fails 64*T1 after the CANCEL") {
    Scene scene;
    ClientTransaction client = scene.ask("INVITE", branch, Transport::tcp);
    CHECK(scene.arrive(response(180, "INVITE", branch), Transport::tcp));
    scene.pass(100s);
    client.cancel();
    scene.pass(31'999ms);
    CHECK(scene.events<BranchFailed>().empty());
    scene.pass(1ms);
    CHECK(scene.events<BranchFailed>().size() == 1);
    CHECK(scene.all_ended());
}

TEST_CASE("A transport that refuses the request fails the branch at once") {
    Scene scene;
    scene.flows.failure = Error::flow_closed;
    scene.ask("INVITE", branch, Transport::tcp);
    REQUIRE(scene.events<BranchFailed>().size() == 1);
    CHECK(scene.events<BranchFailed>()[0]->why == Error::flow_closed);
    CHECK(scene.events<BranchEnded>().size() == 1);
    CHECK(scene.all_ended());
}

TEST_CASE("R41 a request that was queued and could not be written fails by its ticket, once") {
    Scene scene;
    scene.ask("INVITE", branch, Transport::tcp);
    REQUIRE(scene.flows.sent.size() == 1);
    const auto ticket = scene.flows.sent[0].ticket;
    CHECK(ticket != 0);
    CHECK(scene.layer.tickets.deliver(transport::SendFailed{ticket, Error::flow_closed}));
    scene.loop.run();
    REQUIRE(scene.events<BranchFailed>().size() == 1);
    CHECK(scene.events<BranchFailed>()[0]->why == Error::flow_closed);
    CHECK(scene.all_ended());
    CHECK_FALSE(scene.layer.tickets.deliver(transport::SendFailed{ticket, Error::flow_closed}));
}

TEST_CASE("A full UDP queue is a loss that Timer A makes good") {
    Scene scene;
    scene.flows.failure = Error::queue_full;
    scene.ask("INVITE", branch);
    CHECK(scene.seen.empty());
    scene.flows.failure.reset();
    scene.pass(500ms);
    CHECK(scene.moments() == Moments{500});
}

TEST_CASE("A send error after the final response ends the branch without a second verdict") {
    Scene scene;
    scene.ask("INVITE", branch);
    scene.flows.failure = Error::send_failed;
    CHECK(scene.arrive(response(486, "INVITE", branch)));
    CHECK(scene.statuses() == std::vector<int>{486});
    CHECK(scene.events<BranchFailed>().empty());
    CHECK(scene.events<BranchEnded>().size() == 1);
    CHECK(scene.all_ended());
}

TEST_CASE("Stop ends every client transaction, and says so") {
    Scene scene;
    scene.ask("INVITE", branch);
    scene.ask("BYE", branch);
    scene.layer.stop();
    scene.loop.run();
    CHECK(scene.events<BranchFailed>().size() == 2);
    CHECK(scene.events<BranchFailed>()[0]->why == Error::stopped);
    CHECK(scene.events<BranchEnded>().size() == 2);
    CHECK(scene.all_ended());
}

TEST_CASE("A client transaction outlives its context and is still acknowledged") {
    Scene scene;
    {
        Mailbox<Event> inbox(scene.loop);
        ClientRequest asked;
        asked.bytes = Bytes(request("INVITE", branch));
        asked.key = fsm::ClientKey(branch, "INVITE");
        asked.flow = flow_by(Transport::udp);
        ClientTransaction::start(scene.layer, std::move(asked), MailboxRef<Event>(inbox));
        scene.loop.run();
    }
    CHECK(scene.arrive(response(486, "INVITE", branch)));
    CHECK(scene.sent() == Lines{"INVITE", "ACK"});
    CHECK(scene.layer.counters.events_dropped.value() == 0);
}

TEST_CASE("A flood of provisional responses never costs the final one") {
    Scene scene;
    scene.ask("INVITE", branch);
    for (int i = 0; i < 1000; ++i)
        (void)scene.layer.accept(
            {parsed(response(180, "INVITE", branch)), flow_by(Transport::udp)});
    (void)scene.layer.accept({parsed(response(486, "INVITE", branch)), flow_by(Transport::udp)});
    scene.loop.run();
    CHECK(scene.statuses().back() == 486);
    CHECK(scene.statuses().size() < 100);
    CHECK(scene.layer.counters.events_dropped.value() > 900);
}
