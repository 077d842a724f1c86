#include "transport/websocket_ends.hpp"
#include "transport/websocket_stream.hpp"

#include <array>

using namespace roundabout;
using namespace roundabout::tests;

namespace {

/// What a handshake of these bytes is answered with, up to the end of the connection.
struct Refused {
    std::string answer;
    Error error = Error::none;
    error_code end;
};

Task send_and_listen(ByteStream& peer, std::string_view bytes, Refused& refused) {
    co_await write_all(peer, bytes);
    co_await read_to_end(peer, refused.answer, refused.end);
    peer.close();
}

Refused refused_with(std::string_view bytes, WebSocketRules rules = plain_rules()) {
    asio::io_context io;
    StreamPair pair = plain_pair(io);
    Opening opened;
    Refused refused;
    Together(io)
        .with(accept_into(std::move(pair.server), std::move(rules), opened))
        .with(send_and_listen(pair.client, bytes, refused))
        .run();
    CHECK(opened.stream == nullptr);
    refused.error = opened.error;
    return refused;
}

} // namespace

TEST_CASE("R44 A handshake that offers sip in a list is answered with sip alone") {
    const Served served(plain_rules(), "Sec-WebSocket-Protocol: foo, SIP\r\n");
    CHECK(served.answer().starts_with("HTTP/1.1 101 "));
    CHECK(served.answer().find("\r\nSec-WebSocket-Protocol: sip\r\n") != std::string::npos);
    // RFC 6455 §1.3's own example.
    CHECK(served.answer().find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
    CHECK(served.answer().find("permessage-deflate") == std::string::npos);
}

TEST_CASE("What the handshake said is kept") {
    const Served served(plain_rules(),
                        "Origin: https://phone.example.com\r\n"
                        "Sec-WebSocket-Protocol: sip\r\n"
                        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
                        "/ws?a=b");
    CHECK(served.stream().request().path == "/ws?a=b");
    CHECK(served.stream().request().host == "sip.example.com");
    CHECK(served.stream().request().origin == "https://phone.example.com");
    CHECK(served.stream().bytes().is_open());
}

TEST_CASE("A handshake header of several thousand bytes is read, one beyond the limit refused") {
    const std::string cookies =
        "Cookie: " + pattern(10'000) + "\r\nSec-WebSocket-Protocol: sip\r\n";
    const Served served(plain_rules(), cookies);
    CHECK(served.answer().starts_with("HTTP/1.1 101 "));

    const Refused refused = refused_with(opening("Cookie: " + pattern(20'000) + "\r\n"));
    CHECK(refused.answer.starts_with("HTTP/1.1 431 "));
    CHECK(refused.error == Error::message_too_large);
    CHECK(refused.end == asio::error::eof);
}

TEST_CASE("R44 Whoever breaks the rules gets an answer with a sentence, and the connection ends") {
    WebSocketRules rules = plain_rules();
    rules.path = "/sip";
    rules.origins = {"https://phone.example.com"};
    const std::string sip = "Sec-WebSocket-Protocol: sip\r\n";
    struct Case {
        std::string bytes;
        std::string status;
        Error error;
    };
    const auto cases = std::to_array<Case>({
        {opening("", "/sip"), "400 Bad Request", Error::subprotocol_missing},
        {opening("Sec-WebSocket-Protocol: foo\r\n", "/sip"), "400 Bad Request",
         Error::subprotocol_missing},
        {opening(sip, "/other"), "404 Not Found", Error::handshake_failed},
        {opening(sip + "Origin: https://evil.example\r\n", "/sip"), "403 Forbidden",
         Error::handshake_failed},
        {"GET / HTTP/1.1\r\nHost: sip.example.com\r\n\r\n", "426 Upgrade Required",
         Error::handshake_failed},
        {"OPTIONS sip:sip.example.com SIP/2.0\r\nCall-ID: 1\r\n\r\n", "400 Bad Request",
         Error::handshake_failed},
        {opening(sip, "/sip") + "\x81", "400 Bad Request", Error::handshake_failed},
    });
    for (const Case& one : cases) {
        CAPTURE(one.bytes);
        const Refused refused = refused_with(one.bytes, rules);
        CHECK(refused.answer.starts_with("HTTP/1.1 " + one.status + "\r\n"));
        CHECK(refused.answer.find("Content-Type: text/plain\r\n") != std::string::npos);
        CHECK(refused.answer.ends_with(".\r\n"));
        CHECK(refused.error == one.error);
        CHECK(refused.end == asio::error::eof);
    }
}

TEST_CASE("A peer that leaves before its handshake is whole leaves nothing behind") {
    asio::io_context io;
    StreamPair pair = plain_pair(io);
    CHECK(pair.client.write_now("GET / HTTP/1.1\r\nHo") > 0);
    pair.client.close();
    Opening opened;
    Together(io).with(accept_into(std::move(pair.server), plain_rules(), opened)).run();
    CHECK(opened.error == Error::flow_closed);
}

TEST_CASE("R36 A handshake that never gets whole ends at its deadline") {
    asio::io_context io;
    StreamPair pair = plain_pair(io);
    CHECK(pair.client.write_now("GET / HTTP/1.1\r\nHo") > 0);
    WebSocketRules rules = plain_rules();
    rules.limits.handshake = std::chrono::milliseconds(50);
    Opening opened;
    Together(io).with(accept_into(std::move(pair.server), rules, opened)).run();
    CHECK(opened.error == Error::header_timeout);
}

TEST_CASE("The connecting side sends what RFC 7118 wants and insists on the subprotocol") {
    struct Case {
        std::string extra;
        Error error;
    };
    const auto cases = std::to_array<Case>({
        {"Sec-WebSocket-Protocol: sip\r\n", Error::none},
        {"Sec-WebSocket-Protocol: SIP\r\n", Error::none},
        {"", Error::subprotocol_missing},
        {"Sec-WebSocket-Protocol: msrp\r\n", Error::subprotocol_missing},
    });
    for (const Case& one : cases) {
        CAPTURE(one.extra);
        asio::io_context io;
        StreamPair pair = plain_pair(io);
        Opening opened;
        std::string head;
        const auto serve = [&]() -> Task {
            co_await read_head(pair.server, head);
            const auto at = head.find("Sec-WebSocket-Key: ") + 19;
            const std::string answer = "HTTP/1.1 101 Switching Protocols\r\n"
                                       "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                       "Sec-WebSocket-Accept: " +
                                       accept_value(head.substr(at, 24)) + "\r\n" + one.extra +
                                       "\r\n";
            co_await write_all(pair.server, answer);
        };
        Together(io)
            .with(connect_into(std::move(pair.client), "[2001:db8::1]:8080", "/x", {}, opened))
            .with(serve())
            .run();
        CHECK(opened.error == one.error);
        CHECK((opened.stream != nullptr) == (one.error == Error::none));
        CHECK(head.starts_with("GET /x HTTP/1.1\r\n"));
        CHECK(head.find("\r\nHost: [2001:db8::1]:8080\r\n") != std::string::npos);
        CHECK(head.find("\r\nSec-WebSocket-Protocol: sip\r\n") != std::string::npos);
        CHECK(head.find("\r\nSec-WebSocket-Version: 13\r\n") != std::string::npos);
    }
}

TEST_CASE("A server that declines, says nonsense, is silent or leaves fails the connecting side") {
    struct Case {
        std::string answer;
        bool leaves;
        Error error;
    };
    const auto cases = std::to_array<Case>({
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", true, Error::handshake_failed},
        {"SIP/2.0 400 Bad Request\r\n\r\n", true, Error::handshake_failed},
        {"", true, Error::flow_closed},
        {"", false, Error::connect_timeout},
    });
    for (const Case& one : cases) {
        CAPTURE(one.answer);
        asio::io_context io;
        StreamPair pair = plain_pair(io);
        Opening opened;
        WebSocketLimits limits;
        limits.handshake = std::chrono::milliseconds(one.leaves ? 10'000 : 50);
        const auto serve = [&]() -> Task {
            std::string head;
            co_await read_head(pair.server, head);
            if (!one.answer.empty())
                co_await write_all(pair.server, one.answer);
            if (one.leaves)
                pair.server.close();
        };
        Together(io)
            .with(connect_into(std::move(pair.client), "server.example", "/", limits, opened))
            .with(serve())
            .run();
        CHECK(opened.stream == nullptr);
        CHECK(opened.error == one.error);
    }
}
