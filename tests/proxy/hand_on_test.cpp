#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

constexpr std::uint16_t worker_count = 4;

/// Four workers with their inboxes; each connection is open for all, as in the process.
class Workers {
  public:
    explicit Workers(bool forgetful = false) {
        std::vector<transport::Inbox*> all;
        for (std::uint16_t i = 0; i < worker_count; ++i) {
            inboxes_.push_back(std::make_unique<transport::Inbox>([] {}, 100));
            all.push_back(inboxes_.back().get());
        }
        for (std::uint16_t i = 0; i < worker_count; ++i)
            scenes_.push_back(std::make_unique<ProxyScene>(i, all, forgetful ? nullptr : &recent_));
    }

    ProxyScene& operator[](std::size_t worker) { return *scenes_[worker]; }

    /// A message arrives at one worker, and all of them do what they can.
    void arrive(std::size_t worker, const Flow& from, const sip::Message& message) {
        if (from.id) {
            for (const auto& scene : scenes_)
                scene->network.open[from.id] = from;
        }
        scenes_[worker]->arrive(from, message);
        while (hand_over()) {
        }
    }

    /// A connection ends, over which those workers have sent that `askers` has a bit of.
    void close(const Flow& flow, std::uint64_t askers) {
        for (const auto& scene : scenes_)
            scene->network.open.erase(flow.id);
        scenes_[flow.id.worker]->worker.take(
            transport::FlowClosed{flow, Error::flow_closed, askers});
        while (hand_over()) {
        }
    }

    /// What each worker sent since the last call, by number: "1: INVITE pbx".
    std::string sent() {
        std::string lines;
        for (std::size_t i = 0; i < scenes_.size(); ++i) {
            if (const std::string line = scenes_[i]->sent(); !line.empty())
                lines += (lines.empty() ? "" : "; ") + std::to_string(i) + ": " + line;
        }
        return lines;
    }

    std::uint64_t handed_on() {
        std::uint64_t sum = 0;
        for (const auto& scene : scenes_)
            sum += scene->counters.requests_handed_on.value();
        return sum;
    }

  private:
    bool hand_over() {
        bool any = false;
        std::vector<transport::Arrival> batch;
        for (std::size_t i = 0; i < scenes_.size(); ++i) {
            inboxes_[i]->take(batch);
            for (transport::Arrival& arrival : batch) {
                any = true;
                scenes_[i]->worker.take(std::move(arrival));
            }
            scenes_[i]->pass(0s);
        }
        return any;
    }

    RecentRequests recent_{worker_count};
    std::vector<std::unique_ptr<transport::Inbox>> inboxes_;
    std::vector<std::unique_ptr<ProxyScene>> scenes_;
};

sip::Message call(const std::string& method, std::vector<std::string> lines = {}) {
    lines.emplace_back("Via: SIP/2.0/WSS x.invalid;branch=z9hG4bKcall");
    return request(method, "sip:bob@pbx.test", lines);
}

/// Alice's binding in a worker's table.
void register_over(ProxyScene& scene, const Flow& flow) {
    registration::Binding binding = scene.bind("sip:alice@pbx.test", 1);
    binding.flow = flow;
    binding.cseq = 2;
    registration::ChangeSet changes;
    changes.upserts.push_back(std::move(binding));
    scene.bindings.apply(std::move(changes));
    scene.network.open[flow.id] = flow;
}

} // namespace

TEST_CASE("R20 a CANCEL by another connection finds its INVITE at another worker") {
    for (const bool forgetful : {false, true}) {
        Workers workers(forgetful);
        workers.arrive(1, browser(1), call("INVITE"));
        const auto invite = workers[1].last("INVITE pbx");
        workers[1].answer(invite, 180);
        CHECK(workers.sent() == "1: INVITE pbx, 180 browser1");
        workers.arrive(3, browser(2), call("CANCEL"));
        CHECK(workers.sent() == "1: 200 browser2, CANCEL pbx");
        workers[1].answer(invite, 487);
        CHECK(workers.sent() == "1: ACK pbx, 487 browser2"); // R34: by the connection that lives
    }
}

TEST_CASE("R19 an ACK to a non-2xx by another connection is absorbed at its worker") {
    Workers workers;
    workers.arrive(1, browser(1), call("INVITE"));
    workers[1].answer(workers[1].last("INVITE pbx"), 486);
    CHECK(workers.sent() == "1: INVITE pbx, ACK pbx, 486 browser1");
    workers.arrive(2, browser(2), call("ACK", {answered_to}));
    CHECK(workers.sent().empty());
    CHECK(workers.handed_on() == 1);
}

TEST_CASE("R19 an ACK to a 2xx asks nobody") {
    Workers workers;
    workers.arrive(1, browser(1), call("INVITE"));
    workers[1].answer(workers[1].last("INVITE pbx"), 200);
    CHECK(workers.sent() == "1: INVITE pbx, 200 browser1");
    workers.arrive(2, browser(2),
                   request("ACK", "sip:bob@pbx.test", {answered_to, via("z9hG4bKack")}));
    CHECK(workers.sent() == "2: ACK pbx");
    CHECK(workers.handed_on() == 0);
}

TEST_CASE("A request sent again by another connection is absorbed, and answered by that one") {
    Workers workers;
    workers.arrive(1, browser(1), call("INVITE"));
    const auto invite = workers[1].last("INVITE pbx");
    workers.arrive(0, browser(2), call("INVITE"));
    CHECK(workers.sent() == "1: INVITE pbx");
    workers[1].answer(invite, 200);
    CHECK(workers.sent() == "1: 200 browser2");
}

TEST_CASE("R34 responses do not follow a request that comes again from another address") {
    Workers workers;
    workers.arrive(1, browser(1), call("INVITE"));
    const auto invite = workers[1].last("INVITE pbx");
    Flow elsewhere = browser(2);
    elsewhere.remote.address = *IpAddress::parse("203.0.113.99");
    workers.arrive(0, elsewhere, call("INVITE"));
    workers[1].answer(invite, 200);
    CHECK(workers.sent() == "1: INVITE pbx, 200 browser1");
}

TEST_CASE("R46 a CANCEL of which nobody knows asks each worker once and goes on") {
    Workers workers;
    workers.arrive(2, browser(1), call("CANCEL"));
    CHECK(workers.sent() == "1: CANCEL pbx");
    CHECK(workers.handed_on() == worker_count - 1);
}

TEST_CASE("A request whose worker has forgotten it is served there anew") {
    Workers workers;
    workers.arrive(1, browser(1), request("MESSAGE", "sip:bob@pbx.test"));
    workers[1].answer(workers[1].last("MESSAGE pbx"), 200);
    workers[1].pass(2min);
    CHECK(workers.sent() == "1: MESSAGE pbx, 200 browser1");
    workers.arrive(3, browser(2), request("MESSAGE", "sip:bob@pbx.test"));
    CHECK(workers.sent() == "1: MESSAGE pbx");
}

TEST_CASE("A response by a connection of another worker reaches the worker that waits for it") {
    Workers workers;
    workers.arrive(1, browser(1), request("MESSAGE", "sip:bob@carrier.test"));
    workers[1].connected(carrier(1));
    CHECK(workers.sent() == "1: MESSAGE carrier");
    const std::string ok = answer_to(workers[1].last("MESSAGE carrier"), 200);
    workers.arrive(2, carrier(2), *sip::index_message(ok, sip::Framing::datagram));
    CHECK(workers.sent() == "1: 200 browser1");
}

TEST_CASE("R41 who sent over another's connection learns of its end behind its last response") {
    for (const bool answered : {false, true}) {
        Workers workers;
        Flow shared = carrier(1);
        shared.id.worker = 2;
        workers.arrive(1, browser(1), request("MESSAGE", "sip:bob@carrier.test"));
        workers[1].connected(shared);
        CHECK(workers.sent() == "1: MESSAGE carrier");
        const std::string ok = answer_to(workers[1].last("MESSAGE carrier"), 200);
        if (answered)
            workers[2].arrive(shared, *sip::index_message(ok, sip::Framing::datagram));
        workers.close(shared, 0b10);
        CHECK(workers.sent() == (answered ? "1: 200 browser1" : "1: 500 browser1"));
        workers.close(shared, 0); // the others have no part in it
        CHECK(workers.sent().empty());
    }
}

TEST_CASE("A dialog's request takes its client's newer flow where another worker had the old one") {
    Workers workers;
    Flow old = browser(1);
    old.id.worker = 1;
    register_over(workers[1], old);
    workers.arrive(1, old, call("INVITE", {"Contact: <sip:c1@x.invalid>"}));
    const auto invite = workers[1].last("INVITE pbx");
    CHECK(workers.sent() == "1: INVITE pbx");
    register_over(workers[2], browser(9));
    const std::string routes = value(invite.bytes, "Record-Route");
    workers.arrive(
        2, pbx(),
        request("BYE", contact_uri(invite), {"Route: " + routes, answered_to, via("z9hG4bKbye")}));
    CHECK(workers.sent() == "2: BYE browser9");
}

TEST_CASE("What is remembered of recent requests is the last of each slot") {
    RecentRequests recent(worker_count);
    CHECK_FALSE(recent.worker_of(0x1234567890ABCDEF));
    recent.note(0x1234567890ABCDEF, 3);
    CHECK(recent.worker_of(0x1234567890ABCDEF) == 3);
    CHECK_FALSE(recent.worker_of(0x2234567890ABCDEF));
    recent.note(0x2234567890ABCDEF, 0);
    CHECK(recent.worker_of(0x2234567890ABCDEF) == 0);
    CHECK_FALSE(recent.worker_of(0x1234567890ABCDEF));
    RecentRequests alone(1);
    alone.note(5, 0);
    CHECK_FALSE(alone.worker_of(5));
}
