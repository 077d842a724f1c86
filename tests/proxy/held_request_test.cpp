#include "proxy/held_request.hpp"
#include "proxy/proxy_scene.hpp"
#include "sip/response.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

TEST_CASE("What is left of a request that rings answers it as the whole would") {
    const auto whole = std::make_shared<const sip::Message>(
        request("INVITE", "sip:bob@pbx.test", {"Via: SIP/2.0/UDP b;branch=z9hG4bKb", "X: y"}));
    HeldRequest held(whole);
    CHECK(&held.message() == whole.get());
    held.keep_header();
    CHECK(whole.use_count() == 1);
    CHECK(held.method() == sip::Method::invite);
    held.keep_header();
    sip::ResponseParts parts;
    parts.status = 408;
    parts.to_tag = "ours";
    parts.received = "192.0.2.1";
    parts.rport = 5062;
    CHECK(sip::make_response(held.message(), parts) == sip::make_response(*whole, parts));
    CHECK(held.message().request_uri() == "sip:bob@pbx.test");
    CHECK_FALSE(held.message().has(sip::HeaderId::max_forwards));
}

TEST_CASE("R25 an INVITE that rang and was given up is answered with all that its sender needs") {
    ProxyScene scene;
    scene.bind("sip:alice@pbx.test", 1);
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1"));
    scene.answer(scene.last("INVITE browser1"), 180);
    scene.pass(182s);
    CHECK(scene.sent() == "INVITE browser1, 180 pbx, CANCEL browser1");
    const std::string cancel = scene.last("CANCEL browser1").bytes;
    CHECK(value(cancel, "Via") == value(scene.last("INVITE browser1").bytes, "Via"));
    scene.pass(33s);
    CHECK(scene.sent().starts_with("408 pbx")); // and again until its ACK
    const auto timeout = *sip::index_message(scene.last("408 pbx").bytes, sip::Framing::datagram);
    CHECK_FALSE(sip::check_message(timeout).has_value());
    CHECK(timeout.value(sip::HeaderId::call_id) == "call-1");
    CHECK(timeout.value(sip::HeaderId::cseq) == "1 INVITE");
    CHECK(timeout.value(sip::HeaderId::from) == "<sip:a@a.test>;tag=f1");
    CHECK(timeout.value(sip::HeaderId::via).find("branch=z9hG4bKorig") != std::string_view::npos);
}
