#include "transport/websocket_handshake.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::transport;
namespace http = boost::beast::http;

namespace {

/// A browser's handshake.
HttpRequest handshake() {
    HttpRequest request(http::verb::get, "/sip?x=1", 11);
    request.set(http::field::host, "sip.example.com");
    request.set(http::field::connection, "keep-alive, Upgrade");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
    request.set(http::field::sec_websocket_protocol, "sip");
    request.set(http::field::origin, "https://phone.example.com");
    return request;
}

/// The status that the request is refused with; 101 if it is accepted.
unsigned status(const HttpRequest& request, const WebSocketRules& rules = {}) {
    const auto refusal = judge_handshake(request, rules);
    return refusal ? refusal->status : 101;
}

HttpRequest without(http::field field) {
    HttpRequest request = handshake();
    request.erase(field);
    return request;
}

HttpRequest with(http::field field, std::string_view value) {
    HttpRequest request = handshake();
    request.set(field, value);
    return request;
}

} // namespace

TEST_CASE("A browser's handshake is accepted") { CHECK(status(handshake()) == 101); }

TEST_CASE("R44 The subprotocol sip is found in any list, row and case, and required") {
    CHECK(status(with(http::field::sec_websocket_protocol, "SIP")) == 101);
    CHECK(status(with(http::field::sec_websocket_protocol, "foo,  Sip")) == 101);
    CHECK(status(with(http::field::sec_websocket_protocol, "foo , sip , bar")) == 101);
    HttpRequest rows = with(http::field::sec_websocket_protocol, "foo");
    rows.insert(http::field::sec_websocket_protocol, "bar, sip");
    CHECK(status(rows) == 101);

    CHECK(status(without(http::field::sec_websocket_protocol)) == 400);
    CHECK(status(with(http::field::sec_websocket_protocol, "foo")) == 400);
    CHECK(status(with(http::field::sec_websocket_protocol, "sips")) == 400);
    CHECK(status(with(http::field::sec_websocket_protocol, "xsip, sip-x")) == 400);
    const auto refusal = judge_handshake(without(http::field::sec_websocket_protocol), {});
    REQUIRE(refusal);
    CHECK(refusal->why == Error::subprotocol_missing);
}

TEST_CASE("A request that asks for no upgrade, or for another one, is told to upgrade") {
    CHECK(status(without(http::field::upgrade)) == 426);
    CHECK(status(without(http::field::connection)) == 426);
    CHECK(status(with(http::field::connection, "keep-alive")) == 426);
    CHECK(status(with(http::field::upgrade, "h2c")) == 426);
    CHECK(status(with(http::field::upgrade, "h2c, WebSocket")) == 101);
    HttpRequest post = handshake();
    post.method(http::verb::post);
    CHECK(status(post) == 426);
    HttpRequest old = handshake();
    old.version(10);
    CHECK(status(old) == 426);
}

TEST_CASE("Another WebSocket version is told which one is spoken (RFC 6455 §4.4)") {
    const auto refusal = judge_handshake(with(http::field::sec_websocket_version, "8"), {});
    REQUIRE(refusal);
    CHECK(refusal->status == 426);
    CHECK(refusal_text(*refusal).find("\r\nSec-WebSocket-Version: 13\r\n") != std::string::npos);
    CHECK(status(without(http::field::sec_websocket_version)) == 426);
}

TEST_CASE("A handshake without key is refused") {
    CHECK(status(without(http::field::sec_websocket_key)) == 400);
}

TEST_CASE("R44 A path is required where the rules name one, the query left aside") {
    WebSocketRules rules;
    rules.path = "/sip";
    CHECK(status(handshake(), rules) == 101);
    rules.path = "/other";
    CHECK(status(handshake(), rules) == 404);
    rules.path = "/SIP";
    CHECK(status(handshake(), rules) == 404);
    rules.path = "/sip?x=1";
    CHECK(status(handshake(), rules) == 404);
}

TEST_CASE("R44 An Origin must be on the list, if there is one and the request has one") {
    WebSocketRules rules;
    rules.origins = {"https://a.example", "https://Phone.example.com"};
    CHECK(status(handshake(), rules) == 101);
    CHECK(status(with(http::field::origin, "https://phone.example.com.evil.example"), rules) ==
          403);
    CHECK(status(with(http::field::origin, "http://phone.example.com"), rules) == 403);
    CHECK(status(with(http::field::origin, "null"), rules) == 403);
    HttpRequest twice = handshake();
    twice.insert(http::field::origin, "https://a.example");
    CHECK(status(twice, rules) == 403);
    CHECK(status(without(http::field::origin), rules) == 101);
}

TEST_CASE("A refusal is a whole HTTP answer that ends the connection") {
    const HandshakeRefusal refusal{403, "No."};
    CHECK(refusal_text(refusal) == "HTTP/1.1 403 Forbidden\r\n"
                                   "Connection: close\r\n"
                                   "Content-Type: text/plain\r\n"
                                   "Content-Length: 5\r\n\r\n"
                                   "No.\r\n");
}
