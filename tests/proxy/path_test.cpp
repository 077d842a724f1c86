#include "proxy/proxy_scene.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

// Clients whose registrar has our URI as their Path (RFC 3327, 5626).

namespace {

const std::string uri = "sip:c1@x.invalid;transport=ws";

struct PathScene : ProxyScene {
    PathScene() {
        place.config.servers[0].register_as = config::RegisterAs::path;
        reconfigure();
    }

    /// A client registers and is granted what it asked for; the Path that the registrar got.
    std::string registers(const Flow& from, int cseq, const std::string& contact_parameters,
                          const std::string& supported = "path, outbound") {
        arrive(from,
               request("REGISTER", "sip:pbx.test",
                       {via("z9hG4bKr" + std::to_string(cseq)), "From: <sip:alice@pbx.test>;tag=f",
                        "To: <sip:alice@pbx.test>", "Call-ID: registration",
                        "CSeq: " + std::to_string(cseq) + " REGISTER",
                        "Contact: <" + uri + ">" + contact_parameters, "Expires: 600",
                        "Supported: " + supported}));
        const FakeNetwork::Sent sent = last("REGISTER pbx");
        const std::string path = value(sent.bytes, "Path");
        answer(sent, 200,
               "Contact: " + value(sent.bytes, "Contact") + ";expires=600\r\nPath: " + path +
                   "\r\nRequire: outbound\r\nService-Route: <sip:orig@pbx.test;lr>\r\n");
        committed();
        look_away();
        return path;
    }
    /// What a request by that Path leads to.
    std::string ask(const std::string& path, const std::string& method = "INVITE",
                    const Flow& from = pbx()) {
        look_away();
        arrive(from,
               request(method, uri,
                       {via("z9hG4bKask" + std::to_string(network.sent.size())),
                        "Call-ID: " + std::to_string(network.sent.size()), "Route: " + path}));
        return sent();
    }
    void look_away() { static_cast<void>(sent()); }
};

std::string flow_of(const std::string& reg_id) {
    return R"(;+sip.instance="<urn:uuid:f81d4fae>";reg-id=)" + reg_id;
}

} // namespace

TEST_CASE("By Path: the 2xx passes as it is, the binding is stored, calls come by the Route") {
    PathScene scene;
    const std::string path = scene.registers(browser(1), 1, flow_of("1"));
    CHECK(path.ends_with("@192.0.2.1:5060;transport=udp;lr;ob>"));
    CHECK(contact_uri(scene.last("REGISTER pbx")) == uri);
    CHECK(value(scene.last("REGISTER pbx").bytes, "Require") == "path");
    const std::string& ok = scene.last("200 browser1").bytes;
    CHECK(value(ok, "Path") == path);
    CHECK(value(ok, "Require") == "outbound");
    CHECK(value(ok, "Service-Route") == "<sip:orig@pbx.test;lr>");
    REQUIRE(scene.bindings.size() == 1);
    CHECK(scene.bindings.page(std::nullopt, 1).front().contact_uri == uri);

    CHECK(scene.ask(path) == "INVITE browser1");
    const std::string invite = scene.last("INVITE browser1").bytes;
    CHECK(invite.starts_with("INVITE " + uri + " SIP/2.0\r\n"));
    CHECK(value(invite, "Route").empty());
    CHECK(scene.ask(path, "MESSAGE", carrier(1)) == "403 carrier");
    CHECK(scene.ask(path, "MESSAGE", browser(2)) == "403 browser2");
}

TEST_CASE("R12 a client without Path on the same server has our Contact, as before") {
    PathScene scene;
    CHECK(scene.registers(browser(1), 1, "", "gruu").empty());
    CHECK(contact_uri(scene.last("REGISTER pbx")).find(";rb=") != std::string::npos);
    CHECK(scene.bindings.size() == 1);
}

TEST_CASE("A Path whose flow is dead leads to the one that the binding has now") {
    PathScene scene;
    const std::string before = scene.registers(browser(1), 1, flow_of("1"));
    scene.closed(browser(1));
    const std::string now = scene.registers(browser(2), 2, flow_of("1"));
    CHECK(now != before);
    CHECK(scene.bindings.size() == 1);
    CHECK(scene.ask(before) == "INVITE browser2");
    CHECK(scene.ask(now) == "INVITE browser2");
}

TEST_CASE("A call by Path waits for the client that comes back") {
    PathScene scene;
    const std::string path = scene.registers(browser(1), 1, flow_of("1"));
    scene.closed(browser(1));
    CHECK(scene.ask(path).empty());
    scene.pass(4s);
    CHECK(scene.sent() == "100 pbx");
    static_cast<void>(scene.registers(browser(2), 2, flow_of("1")));
    CHECK(scene.counters.parked_delivered.value() == 1);
    CHECK(scene.last("INVITE browser2").bytes.starts_with("INVITE " + uri));
}

TEST_CASE("RFC 5626 5.3.1: 430 for a client that uses outbound and does not come back, else 480") {
    PathScene scene;
    SUBCASE("outbound") {
        const std::string path = scene.registers(browser(1), 1, flow_of("1"));
        scene.closed(browser(1));
        CHECK(scene.ask(path).empty());
        scene.pass(5s);
        CHECK(scene.sent() == "100 pbx, 430 pbx");
        CHECK(scene.counters.unreachable.value() == 1);
    }
    SUBCASE("no outbound") {
        const std::string path = scene.registers(browser(1), 1, "", "path");
        CHECK(path.ends_with(";lr>"));
        scene.closed(browser(1));
        CHECK(scene.ask(path).empty());
        scene.pass(5s);
        CHECK(scene.sent() == "100 pbx, 480 pbx");
    }
}

TEST_CASE("Two flows of one device: the dead one is 430 at once, so that the other is tried") {
    PathScene scene;
    const std::string first = scene.registers(browser(1), 1, flow_of("1"));
    const std::string second = scene.registers(browser(2), 2, flow_of("2"));
    CHECK(scene.bindings.size() == 2);
    CHECK(scene.ask(first) == "INVITE browser1");
    CHECK(scene.ask(second) == "INVITE browser2");
    scene.closed(browser(1));
    CHECK(scene.ask(first) == "430 pbx");
    CHECK(scene.ask(second) == "INVITE browser2");
}

TEST_CASE("A Path outlives a restart: the flow is gone, the binding says where the client is now") {
    PathScene before;
    const std::string path = before.registers(browser(1), 1, flow_of("1"));
    registration::Binding stored = before.bindings.page(std::nullopt, 1).front();
    PathScene after;
    stored.flow.id = {};
    stored.reachable = false;
    after.bindings.restore(stored);
    CHECK(after.ask(path).empty()); // it waits
    static_cast<void>(after.registers(browser(2), 2, flow_of("1")));
    CHECK(after.counters.parked_delivered.value() == 1);
    CHECK(after.ask(path) == "INVITE browser2");
}

TEST_CASE("By UDP a Path leads to the address that the client registered from, then from now on") {
    PathScene scene;
    const std::string path = scene.registers(phone(), 1, flow_of("1"));
    CHECK(scene.ask(path) == "INVITE phone");
    Flow moved = phone();
    moved.remote.port = 5099;
    static_cast<void>(scene.registers(moved, 2, flow_of("1")));
    CHECK(scene.ask(path) == "INVITE 203.0.113.9:5099");
}
