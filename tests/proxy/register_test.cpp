#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

const std::string own_contact = "<sip:c1@x.invalid;transport=ws>";

sip::Message register_with(std::vector<std::string> lines) {
    lines.emplace_back("From: <sip:alice@pbx.test>;tag=f");
    lines.emplace_back("To: <sip:alice@pbx.test>");
    lines.emplace_back("Call-ID: registration");
    return request("REGISTER", "sip:pbx.test", lines);
}

/// A browser's REGISTER is under way to pbx.
struct RegisterScene : ProxyScene {
    explicit RegisterScene(const std::string& contact = own_contact,
                           config::OnStoreFailure on_failure = config::OnStoreFailure::pass) {
        place.config.store.on_failure = on_failure;
        reconfigure();
        arrive(browser(1), register_with({"Contact: " + contact, "Expires: 600"}));
        CHECK(sent() == "REGISTER pbx");
        rewritten = contact_uri(last("REGISTER pbx"));
    }
    void granted() {
        answer(last("REGISTER pbx"), 200, "Contact: <" + rewritten + ">;expires=600\r\n");
    }
    /// What an INVITE to the rewritten Contact leads to.
    std::string call(const Flow& from) {
        const std::string branch = "z9hG4bKcall" + std::to_string(network.sent.size());
        arrive(from, request("INVITE", rewritten, {via(branch)}));
        return sent();
    }
    std::string rewritten;
};

} // namespace

TEST_CASE("The registrar gets a Contact of ours that bears a token and nobody's private address") {
    const RegisterScene scene;
    CHECK(scene.rewritten.starts_with("sip:c1@192.0.2.1:5060;transport=udp;rb="));
    CHECK(scene.last("REGISTER pbx").bytes.find("x.invalid") == std::string::npos);
}

TEST_CASE("A binding under way routes by its token, for the asked server alone") {
    RegisterScene scene;
    CHECK(scene.bindings.pending_size() == 1);
    CHECK(scene.call(pbx()) == "INVITE browser1");
    CHECK(scene.call(carrier(1)) == "404 carrier");
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1", {via("z9hG4bKuser")}));
    CHECK(scene.sent() == "404 pbx");
}

TEST_CASE("R3 a refused REGISTER passes untouched and leaves nothing") {
    RegisterScene scene;
    scene.answer(
        scene.last("REGISTER pbx"), 401,
        "WWW-Authenticate: Digest realm=\"a\"\r\nWWW-Authenticate: Digest realm=\"b\"\r\n");
    CHECK(scene.sent() == "401 browser1");
    const std::string& refusal = scene.last("401 browser1").bytes;
    CHECK(refusal.find("\r\nWWW-Authenticate: Digest realm=\"a\"\r\n"
                       "WWW-Authenticate: Digest realm=\"b\"\r\n") != std::string::npos);
    CHECK(scene.bindings.pending_size() == 0);
    CHECK(scene.bindings.size() == 0);
    CHECK(scene.store.asked.empty());
    CHECK(scene.call(pbx()) == "404 pbx");
}

TEST_CASE("R46 a REGISTER ends unanswered where another process stores what it asks for") {
    RegisterScene scene;
    scene.services.handed_over = true;
    scene.granted();
    CHECK(scene.sent().empty());
    CHECK(scene.store.asked.empty());
    CHECK(scene.bindings.size() == 0);
    CHECK(scene.bindings.pending_size() == 0);
    CHECK(scene.unanswered == 0);
    scene.arrive(browser(1), register_with({"Contact: " + own_contact, "CSeq: 9 REGISTER",
                                            via("z9hG4bKlater")}));
    CHECK(scene.sent().empty());
}

TEST_CASE("R24 a REGISTER that nobody answers gets no 408 and leaves nothing") {
    RegisterScene scene;
    scene.pass(2min);
    CHECK(scene.sent().find("browser") == std::string::npos);
    CHECK(scene.bindings.pending_size() == 0);
    CHECK(scene.all_ended());
}

TEST_CASE("R1 the 2xx leaves when its binding is on disk, with the client's own Contact") {
    RegisterScene scene;
    scene.granted();
    CHECK(scene.sent().empty());
    CHECK(scene.unanswered == 1);
    REQUIRE(scene.store.asked.size() == 1);
    CHECK(scene.store.asked.front().first.upserts.size() == 1);
    scene.committed();
    CHECK(scene.sent() == "200 browser1");
    CHECK(value(scene.last("200 browser1").bytes, "Contact") == own_contact + ";expires=600");
    CHECK(scene.unanswered == 0);
    CHECK(scene.counters.bindings_confirmed.value() == 1);
    CHECK(scene.counters.stored_late.value() == 0);
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("A connection that carries a registration is kept alive, one without is not asked") {
    RegisterScene scene;
    CHECK(scene.network.kept_alive.empty());
    scene.granted();
    CHECK(scene.network.kept_alive == std::vector<FlowId>{browser(1).id});
}

TEST_CASE("RFC 6223: who offers keep in its Via is told our interval for its transport") {
    ProxyScene scene;
    scene.place.config.limits.keepalive_interval = 30s;
    scene.place.config.limits.udp_keepalive_interval = 1500ms;
    scene.reconfigure();
    const auto leaves_with = [&](const Flow& from, const std::string& parameter) {
        scene.arrive(
            from, request("REGISTER", "sip:pbx.test",
                          {via("z9hG4bK" + std::to_string(scene.network.sent.size())) + parameter,
                           "Contact: <sip:a@10.0.0.9>"}));
        return scene.last("REGISTER pbx").bytes;
    };
    CHECK(leaves_with(browser(1), ";keep").find(";keep=30;") != std::string::npos);
    CHECK(leaves_with(phone(), ";keep").find(";keep=2;") != std::string::npos);
    CHECK(leaves_with(phone(), "").find("keep") == std::string::npos);
    scene.place.config.limits.udp_keepalive_interval = 0ms;
    scene.reconfigure();
    CHECK(leaves_with(phone(), ";keep").find("keep=") == std::string::npos);
}

TEST_CASE("A binding routes from the instant of the 2xx, before it is on disk") {
    RegisterScene scene;
    scene.granted();
    CHECK(scene.bindings.pending_size() == 0);
    CHECK(scene.call(pbx()) == "INVITE browser1");
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1", {via("z9hG4bKuser")}));
    CHECK(scene.sent() == "INVITE browser1");
}

TEST_CASE("A 2xx whose binding did not reach the disk in time passes, and is counted") {
    RegisterScene scene;
    scene.granted();
    scene.committed(false);
    CHECK(scene.sent() == "200 browser1");
    CHECK(scene.counters.stored_late.value() == 1);
    CHECK(scene.call(pbx()) == "INVITE browser1");
}

TEST_CASE("With on_failure = 503 a client whose binding is not on disk is told to come again, and "
          "is reached meanwhile") {
    RegisterScene scene(own_contact, config::OnStoreFailure::unavailable);
    scene.granted();
    scene.committed(false);
    CHECK(scene.sent() == "503 browser1");
    CHECK(scene.last("503 browser1").bytes.find("\r\nRetry-After: 10\r\n") != std::string::npos);
    CHECK(scene.counters.refused_unstored.value() == 1);
    CHECK(scene.call(pbx()) == "INVITE browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("A 2xx does not wait for a store that never answers, and is sent once") {
    RegisterScene scene;
    scene.granted();
    scene.pass(1900ms);
    CHECK(scene.sent().empty());
    scene.pass(100ms);
    CHECK(scene.sent() == "200 browser1");
    CHECK(scene.counters.stored_late.value() == 1);
    scene.committed();
    CHECK(scene.sent().empty());
}

TEST_CASE("A retransmitted 2xx is not committed again") {
    RegisterScene scene;
    scene.granted();
    scene.granted();
    CHECK(scene.store.asked.size() == 1);
    scene.committed();
    CHECK(scene.sent() == "200 browser1");
}

TEST_CASE("R6 a query is answered at once, and nothing is stored") {
    ProxyScene scene;
    scene.arrive(browser(1), register_with({}));
    scene.answer(scene.last("REGISTER pbx"), 200);
    CHECK(scene.sent() == "REGISTER pbx, 200 browser1");
    CHECK(scene.store.asked.empty());
}

TEST_CASE("A binding that a REGISTER asks to end is not made pending by it") {
    const RegisterScene scene(own_contact + ";expires=0");
    CHECK(scene.bindings.pending_size() == 0);
}

TEST_CASE("R4 a REGISTER with expires=0 ends the binding on the registrar's 2xx") {
    RegisterScene scene;
    scene.granted();
    scene.committed();
    scene.arrive(browser(1), register_with({"Contact: " + own_contact + ";expires=0",
                                            "CSeq: 2 REGISTER", via("z9hG4bKend")}));
    CHECK(scene.bindings.size() == 1);
    scene.answer(scene.last("REGISTER pbx"), 200);
    CHECK(scene.sent() == "200 browser1, REGISTER pbx");
    CHECK(scene.bindings.size() == 0);
    CHECK(scene.counters.bindings_ended.value() == 1);
    REQUIRE(scene.store.asked.size() == 1);
    CHECK(scene.store.asked.front().first.removals.size() == 1);
    CHECK(scene.call(pbx()) == "404 pbx");
}

TEST_CASE("R5 a Contact of * with an expiry is answered 400 and goes nowhere") {
    ProxyScene scene;
    scene.arrive(browser(1), register_with({"Contact: *", "Expires: 600"}));
    CHECK(scene.sent() == "400 browser1");
    CHECK(scene.unanswered == 0);
}

TEST_CASE("A REGISTER never goes to a host that is no trusted server, strict_host or not") {
    ProxyScene scene;
    scene.place.config.strict_host = false;
    scene.reconfigure();
    scene.arrive(browser(1),
                 register_with({"Contact: " + own_contact, "Route: <sip:192.0.2.200;lr>"}));
    CHECK(scene.sent() == "403 browser1");
    CHECK(scene.network.dials.empty());
}

TEST_CASE("A client that comes back is asked by its new flow while its REGISTER is under way") {
    RegisterScene scene;
    scene.place.config.park = 0s;
    scene.reconfigure();
    scene.granted();
    scene.committed();
    scene.closed(browser(1));
    CHECK(scene.call(pbx()) == "200 browser1, 480 pbx");
    scene.arrive(browser(2), register_with({"Contact: " + own_contact, "Expires: 600",
                                            "CSeq: 2 REGISTER", via("z9hG4bKagain")}));
    CHECK(scene.sent() == "REGISTER pbx");
    CHECK(contact_uri(scene.last("REGISTER pbx")) == scene.rewritten);
    scene.arrive(pbx(), request("OPTIONS", scene.rewritten, {via("z9hG4bKask")}));
    CHECK(scene.sent() == "OPTIONS browser2");
    CHECK(scene.call(pbx()) == "480 pbx"); // attack: nobody has checked yet who came
    CHECK(scene.call(carrier(1)) == "404 carrier");
    scene.answer(scene.last("REGISTER pbx"), 403);
    CHECK(scene.sent() == "403 browser2");
    CHECK(scene.call(pbx()) == "480 pbx"); // refused: nothing is left of it
}

TEST_CASE("A REGISTER under way does not take calls from the binding that is reachable") {
    RegisterScene scene;
    scene.granted();
    scene.committed();
    CHECK(scene.sent() == "200 browser1");
    scene.arrive(browser(2), register_with({"Contact: " + own_contact, "Expires: 600",
                                            "CSeq: 2 REGISTER", via("z9hG4bKagain")}));
    CHECK(scene.sent() == "REGISTER pbx");
    CHECK(scene.call(pbx()) == "INVITE browser1");
}

TEST_CASE("A REGISTER for which no id can be made is answered 500 and counted") {
    ProxyScene scene;
    const roundabout::test::NoCipher broken;
    scene.arrive(browser(1), register_with({"Contact: " + own_contact, "Expires: 600"}));
    CHECK(scene.sent() == "500 browser1");
    CHECK(scene.counters.unsealed.value() == 1);
    CHECK(scene.bindings.pending_size() == 0);
}

TEST_CASE("An INVITE for which no token can be made is answered 500 and counted") {
    ProxyScene scene;
    const roundabout::test::NoCipher broken;
    scene.arrive(browser(1), request("INVITE", "sip:bob@pbx.test", {"Contact: " + own_contact}));
    CHECK(scene.sent() == "500 browser1");
    CHECK(scene.counters.unsealed.value() == 1);
}
