#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

/// Alice's browser is registered at pbx, and its connection is gone.
struct ParkScene : ProxyScene {
    explicit ParkScene(bool closed_already = true) {
        if (closed_already)
            closed(browser(1));
    }
    [[nodiscard]] sip::Message to_alice(const std::string& method, int number = 1) const {
        return request(method, "sip:c1@192.0.2.1;rb=" + routing::to_text(alice.id),
                       {via("z9hG4bKcall" + std::to_string(number))});
    }
    /// The registrar has granted what `changes` say.
    void granted(registration::ChangeSet changes) {
        parked.changed(bindings.apply(std::move(changes)));
        pass(0s);
    }
    /// A binding has that flow from now on.
    void registers(registration::Binding binding, const Flow& flow) {
        network.open[flow.id] = flow;
        binding.flow = flow;
        ++binding.cseq;
        registration::ChangeSet changes;
        changes.upserts.push_back(std::move(binding));
        granted(std::move(changes));
    }
    /// A call between pbx and alice stands; then her connection closes. What leads to her.
    std::vector<std::string> dialog_of_alice() {
        arrive(pbx(), to_alice("INVITE"));
        answer(last("INVITE browser1"), 200);
        CHECK(sent() == "INVITE browser1, 200 pbx");
        closed(browser(1));
        return {route_back(last("200 pbx")), answered_to, via("z9hG4bKlater")};
    }

    registration::Binding alice = bind("sip:alice@pbx.test", 1);
};

} // namespace

TEST_CASE("R24 an INVITE for a client without a connection gets 100 and goes by its new one") {
    ParkScene scene;
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    CHECK(scene.sent().empty());
    scene.pass(4s);
    CHECK(scene.sent() == "100 pbx");
    scene.registers(scene.alice, browser(2));
    CHECK(scene.sent() == "INVITE browser2");
    scene.answer(scene.last("INVITE browser2"), 200);
    CHECK(scene.sent() == "200 pbx");
    CHECK(scene.counters.parked.value() == 1);
    CHECK(scene.counters.parked_delivered.value() == 1);
    CHECK(scene.counters.parked_given_up.value() == 0);
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("A parked INVITE whose client never comes is answered 480, not 408") {
    ParkScene scene;
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    scene.pass(4999ms);
    CHECK(scene.sent() == "100 pbx");
    scene.pass(1ms);
    CHECK(scene.sent() == "480 pbx");
    CHECK(scene.counters.parked_given_up.value() == 1);
    CHECK(scene.counters.unreachable.value() == 1);
    scene.registers(scene.alice, browser(2));
    scene.pass(2min);
    CHECK(scene.sent().find("INVITE") == std::string::npos);
    CHECK(scene.all_ended());
}

TEST_CASE("A parked INVITE is answered 480 when the process ends, and a later one at once") {
    ParkScene scene;
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    scene.pass(1s);
    CHECK(scene.sent() == "100 pbx");
    scene.parked.close();
    scene.pass(0s);
    CHECK(scene.sent() == "480 pbx");
    scene.arrive(pbx(), scene.to_alice("INVITE", 2));
    CHECK(scene.sent() == "480 pbx");
    CHECK(scene.counters.parked_given_up.value() == 1);
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("A parked BYE stays unanswered when the process ends: it comes again, to the next one") {
    ParkScene scene(false);
    const auto lines = scene.dialog_of_alice();
    scene.arrive(pbx(), request("BYE", "sip:c1@x.invalid", lines));
    scene.parked.close();
    scene.pass(0s);
    CHECK(scene.sent().empty());
}

TEST_CASE("R24 another request than INVITE is parked for 4 s at most, without a 100") {
    ParkScene scene;
    scene.arrive(pbx(), scene.to_alice("OPTIONS"));
    scene.pass(3999ms);
    CHECK(scene.sent().empty());
    scene.pass(1ms);
    CHECK(scene.sent() == "480 pbx");
    scene.arrive(pbx(), scene.to_alice("OPTIONS", 2));
    scene.registers(scene.alice, browser(2));
    CHECK(scene.sent() == "OPTIONS browser2");
}

TEST_CASE("A BYE within a dialog is parked, whatever other devices its client's AOR has") {
    ParkScene scene(false);
    const auto lines = scene.dialog_of_alice();
    scene.bind("sip:alice@pbx.test", 7);
    scene.arrive(pbx(), request("BYE", "sip:c1@x.invalid", lines));
    scene.pass(3s);
    CHECK(scene.sent().empty());
    scene.registers(scene.alice, browser(2));
    CHECK(scene.sent() == "BYE browser2");
    scene.answer(scene.last("BYE browser2"), 200);
    CHECK(scene.sent() == "200 pbx");
}

TEST_CASE("R19 an ACK is held for 4 s, then dropped") {
    ParkScene scene(false);
    const auto lines = scene.dialog_of_alice();
    scene.arrive(pbx(), request("ACK", "sip:c1@x.invalid", lines));
    scene.pass(3s);
    CHECK(scene.sent().empty());
    scene.registers(scene.alice, browser(2));
    CHECK(scene.sent() == "ACK browser2");
    scene.closed(browser(2));
    scene.arrive(pbx(), request("ACK", "sip:c1@x.invalid", lines));
    scene.pass(5s);
    CHECK(scene.counters.parked.value() == 2);
    CHECK(scene.counters.parked_given_up.value() == 1);
    scene.registers(scene.alice, browser(3));
    CHECK(scene.sent().empty());
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R20 a CANCEL of a parked INVITE: 200 and 487 from here, nothing leaves") {
    ParkScene scene;
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    scene.arrive(pbx(), scene.to_alice("CANCEL"));
    CHECK(scene.sent() == "200 pbx, 487 pbx");
    scene.registers(scene.alice, browser(2));
    CHECK(scene.sent().empty());
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R46 a CANCEL whose INVITE nobody knows here any more waits if it came by a connection") {
    ParkScene scene(false);
    const auto lines = scene.dialog_of_alice();
    scene.arrive(pbx(), request("CANCEL", "sip:c1@x.invalid", lines)); // it will be sent again
    CHECK(scene.counters.parked.value() == 0);
    scene.arrive(carrier(1), request("CANCEL", "sip:c1@x.invalid", lines));
    CHECK(scene.sent().empty());
    scene.registers(scene.alice, browser(2));
    CHECK(scene.sent() == "CANCEL browser2");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("At most 16 requests wait for one binding") {
    ParkScene scene;
    for (int i = 1; i <= 17; ++i)
        scene.arrive(pbx(), scene.to_alice("OPTIONS", i));
    CHECK(scene.sent() == "480 pbx");
    scene.registers(scene.alice, browser(2));
    CHECK(scene.counters.parked_delivered.value() == 16);
    CHECK(scene.counters.parked.value() == 16);
    scene.closed(browser(2));
    scene.arrive(pbx(), scene.to_alice("OPTIONS", 18)); // the places are free again
    CHECK(scene.counters.parked.value() > 16);
}

TEST_CASE("R25 Timer C runs from when the parked branch is sent") {
    ParkScene scene;
    scene.place.config.park = 60s;
    scene.reconfigure();
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    scene.pass(50s);
    scene.registers(scene.alice, browser(2));
    scene.answer(scene.last("INVITE browser2"), 100);
    scene.pass(180s);
    CHECK(scene.sent() == "100 pbx, INVITE browser2");
    scene.pass(2s);
    CHECK(scene.sent() == "CANCEL browser2");
}

TEST_CASE("R10 what waits for a replaced binding goes to the same device's new one") {
    ProxyScene scene;
    const auto registers = [&](std::uint64_t serial, const std::string& user) {
        scene.arrive(browser(serial), request("REGISTER", "sip:pbx.test",
                                              {"From: <sip:alice@pbx.test>;tag=f",
                                               "To: <sip:alice@pbx.test>", via("z9hG4bK" + user),
                                               "Contact: <sip:" + user +
                                                   "@x.invalid;transport=ws>;reg-id=1"
                                                   ";+sip.instance=\"<urn:uuid:1>\""}));
        scene.answer(scene.last("REGISTER pbx"), 200);
        scene.committed();
        return contact_uri(scene.last("REGISTER pbx"));
    };
    const std::string before = registers(1, "one");
    scene.closed(browser(1));
    CHECK(scene.sent() == "REGISTER pbx, 200 browser1");
    scene.arrive(pbx(), request("INVITE", before, {via("z9hG4bKcall")}));
    CHECK(scene.sent().empty());
    registers(2, "two");
    CHECK(scene.sent() == "REGISTER pbx, INVITE browser2, 200 browser2");
    CHECK(scene.last("INVITE browser2").bytes.starts_with("INVITE sip:two@x.invalid;"));
}

TEST_CASE("What waits for a binding that ends is answered 480 at once") {
    ParkScene scene;
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    registration::ChangeSet changes;
    changes.removals.push_back({scene.alice.id, {}, 0, 0});
    scene.granted(std::move(changes));
    CHECK(scene.sent() == "480 pbx");
}

TEST_CASE("R10 a new request does not wait for a ghost while another device can be rung") {
    ParkScene scene;
    const auto other = scene.bind("sip:alice@pbx.test", 7);
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    CHECK(scene.sent() == "480 pbx");
    scene.closed(other.flow);
    scene.arrive(pbx(), scene.to_alice("INVITE", 2));
    CHECK(scene.sent().empty());
}

TEST_CASE("R10 the page that comes back as somebody else does not get what waits for the old one") {
    ParkScene scene;
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    scene.registers(scene.bind("sip:alice@pbx.test", 7), browser(7));
    scene.pass(5s);
    CHECK(scene.sent() == "100 pbx, 480 pbx");
}

TEST_CASE("A call by user waits for all devices, and goes to the one that comes back") {
    ParkScene scene;
    const auto other = scene.bind("sip:alice@pbx.test", 7);
    scene.closed(other.flow);
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1"));
    CHECK(scene.counters.parked.value() == 2);
    scene.registers(other, browser(8));
    CHECK(scene.sent() == "INVITE browser8");
    scene.answer(scene.last("INVITE browser8"), 486);
    CHECK(scene.sent() == "ACK browser8"); // the other one may still come
    scene.pass(5s);
    CHECK(scene.sent() == "100 pbx, 486 pbx");
}

TEST_CASE("Devices of a lower q wait no longer than those of a higher one") {
    ParkScene scene;
    const auto other = scene.bind("sip:alice@pbx.test", 7, 500);
    scene.closed(other.flow);
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1"));
    scene.pass(5s);
    CHECK(scene.sent() == "100 pbx, 480 pbx");
    CHECK(scene.counters.parked.value() == 1);
}

TEST_CASE("park = 0: a client without a connection is 480 at once") {
    ParkScene scene(false);
    scene.place.config.park = 0s;
    scene.reconfigure();
    const auto lines = scene.dialog_of_alice();
    scene.arrive(pbx(), scene.to_alice("INVITE", 2));
    CHECK(scene.sent() == "480 pbx");
    scene.arrive(pbx(), request("BYE", "sip:c1@x.invalid", lines));
    CHECK(scene.sent() == "480 pbx");
    scene.arrive(pbx(), request("ACK", "sip:c1@x.invalid", lines));
    CHECK(scene.counters.parked.value() == 0);
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("A request whose connection breaks under it is parked, and leaves with the same branch") {
    ParkScene scene(false);
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    scene.closed(browser(1));
    CHECK(scene.sent() == "INVITE browser1");
    scene.registers(scene.alice, browser(2));
    CHECK(scene.sent() == "INVITE browser2");
    CHECK(branch_of(scene.last("INVITE browser1")) == branch_of(scene.last("INVITE browser2")));
}

TEST_CASE("A request that could not be sent waits for another connection than that one") {
    ParkScene scene(false);
    scene.arrive(pbx(), scene.to_alice("INVITE"));
    scene.send_failed(scene.last("INVITE browser1"));
    scene.registers(scene.alice, browser(1));
    CHECK(scene.sent() == "INVITE browser1");
    scene.registers(scene.alice, browser(2));
    CHECK(scene.sent() == "INVITE browser2");
}
