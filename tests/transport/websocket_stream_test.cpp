#include "transport/websocket_ends.hpp"
#include "transport/websocket_stream.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <vector>

using namespace roundabout;
using namespace roundabout::tests;

namespace {

/// Two streams of ours over TLS.
struct SecuredPair {
    TlsConnection tls;
    Opening server;
    Opening client;

    explicit SecuredPair(WebSocketRules rules = plain_rules()) {
        const WebSocketLimits limits = rules.limits;
        Together(tls.io)
            .with(accept_into(std::move(tls.ends.server), std::move(rules), server))
            .with(connect_into(std::move(tls.ends.client), "server.example:443", "/sip", limits,
                               client))
            .run();
        REQUIRE(server.stream != nullptr);
        REQUIRE(client.stream != nullptr);
    }
};

std::string invite(std::size_t size) {
    return "INVITE sip:bob@example.com SIP/2.0\r\n" + pattern(size);
}

} // namespace

TEST_CASE("R35 A message comes in as text or binary, one a WebSocket message") {
    Served served;
    const std::string first = invite(500);
    const std::string second = invite(20'000);
    served.peer_sends({Opcode::text, true, true, first});
    served.peer_sends({Opcode::binary, true, true, second + "\xFF"});
    auto got = served.read();
    REQUIRE(got.has_value());
    CHECK(got->kind == Frame::Kind::message);
    CHECK(got->bytes == first);
    got = served.read();
    REQUIRE(got.has_value());
    CHECK(got->bytes == second + "\xFF");
}

TEST_CASE("R35 A message in fragments with a ping between them is one, and the ping is answered") {
    Served served;
    served.peer_sends({Opcode::text, false, true, "OPTIONS sip:a"});
    served.peer_sends({Opcode::continuation, false, true, ""});
    served.peer_sends({Opcode::ping, true, true, "are you there"});
    served.peer_sends({Opcode::continuation, true, true, "@b SIP/2.0\r\n\r\n"});
    const auto got = served.read();
    REQUIRE(got.has_value());
    CHECK(got->bytes == "OPTIONS sip:a@b SIP/2.0\r\n\r\n");
    const WireFrame pong = served.peer_reads();
    CHECK(pong.opcode == Opcode::pong);
    CHECK(pong.payload == "are you there");
}

TEST_CASE("R38 Messages of CRLF are keepalives") {
    Served served;
    const auto cases = std::to_array<std::pair<std::string, Frame::Kind>>({
        {"\r\n\r\n", Frame::Kind::ping},
        {"\r\n", Frame::Kind::pong},
        {"", Frame::Kind::pong},
        {"\r\n\r\nX", Frame::Kind::message},
    });
    for (const auto& [bytes, kind] : cases) {
        served.peer_sends({Opcode::text, true, true, bytes});
        const auto got = served.read();
        REQUIRE(got.has_value());
        CHECK(got->kind == kind);
    }
}

TEST_CASE("A message leaves as text if it is UTF-8, else as binary, unmasked and whole") {
    Served served;
    const auto cases = std::to_array<std::pair<std::string, Opcode>>({
        {invite(2'200), Opcode::text},
        {"J\xC3\xBCrgen", Opcode::text},
        {"J\xFCrgen", Opcode::binary},
        {invite(20'000), Opcode::text},
        {invite(70'000), Opcode::text},
    });
    for (const auto& [bytes, opcode] : cases) {
        WireFrame frame;
        Together(served.io)
            .with(write_message(served.stream(), bytes))
            .with(read_frame(served.peer(), frame))
            .run();
        CHECK(frame.opcode == opcode);
        CHECK(frame.fin);
        CHECK_FALSE(frame.masked);
        CHECK(frame.payload == bytes);
    }
}

TEST_CASE("R35 A message beyond the limit, in one frame or several, ends the stream with 1009") {
    WebSocketRules rules = plain_rules();
    rules.limits.message = 1'000;
    Served served(rules);
    served.peer_sends({Opcode::text, true, true, pattern(1'000)});
    CHECK(served.read().has_value());
    SUBCASE("one frame") { served.peer_sends({Opcode::text, true, true, pattern(1'001)}); }
    SUBCASE("fragments") {
        served.peer_sends({Opcode::text, false, true, pattern(600)});
        served.peer_sends({Opcode::continuation, true, true, pattern(600)});
    }
    Result<Frame> got = Error::none;
    WireFrame close;
    const auto peer = [&]() -> Task {
        co_await read_frame(served.peer(), close);
        served.peer().close();
    };
    Together(served.io).with(read_into(served.stream(), got)).with(peer()).run();
    CHECK(got.error() == Error::message_too_large);
    CHECK(close.opcode == Opcode::close);
    CHECK(close.payload == "\x03\xF1"); // 1009
}

TEST_CASE("A client's frame without mask ends the stream (RFC 6455 §5.1)") {
    Served served;
    served.peer_sends({Opcode::text, true, false, "OPTIONS"});
    Result<Frame> got = Error::none;
    WireFrame close;
    Together(served.io)
        .with(read_into(served.stream(), got))
        .with(read_frame(served.peer(), close))
        .run();
    CHECK(got.error() == Error::bad_frame);
    CHECK(close.opcode == Opcode::close);
    CHECK(close.payload == "\x03\xEA"); // 1002
}

TEST_CASE("Text that is not UTF-8 ends the stream (RFC 6455 §8.1)") {
    Served served;
    served.peer_sends({Opcode::text, true, true, "J\xFCrgen"});
    CHECK(served.read().error() == Error::bad_frame);
}

TEST_CASE("Text that ends within a character ends the stream, also by a fragment without bytes") {
    Served served;
    served.peer_sends({Opcode::text, false, true, "J\xC3"});
    served.peer_sends({Opcode::continuation, true, true, ""});
    CHECK(served.read().error() == Error::bad_frame);
}

TEST_CASE("Frames that RFC 6455 forbids end the stream and nothing of them comes out") {
    constexpr auto reserved = static_cast<Opcode>(3);
    constexpr auto reserved_control = static_cast<Opcode>(11);
    const auto cases = std::to_array<std::vector<WireFrame>>({
        {{reserved, true, true, "x"}},
        {{reserved_control, true, true, "x"}},
        {{Opcode::ping, false, true, "x"}},
        {{Opcode::ping, true, true, std::string(126, 'x')}},
        {{Opcode::continuation, true, true, "x"}},
        {{Opcode::text, false, true, "x"}, {Opcode::text, true, true, "y"}},
        {{Opcode::text, false, true, "J\xC3"}, {Opcode::continuation, true, true, "x"}},
        {{Opcode::close, true, true, "\x03"}},
    });
    for (const std::vector<WireFrame>& frames : cases) {
        Served served;
        for (const WireFrame& frame : frames)
            served.peer_sends(frame);
        CHECK(served.read().error() == Error::bad_frame);
    }
}

TEST_CASE(
    "R36 A message that is begun and not ended in time ends the stream, whatever else comes") {
    WebSocketRules rules = plain_rules();
    rules.limits.unfinished = std::chrono::milliseconds(30);
    Served served(rules);
    served.peer_sends({Opcode::text, true, true, invite(10)});
    CHECK(served.read().has_value());
    SUBCASE("a fragment") { served.peer_sends({Opcode::text, false, true, "x"}); }
    SUBCASE("an empty one") { served.peer_sends({Opcode::text, false, true, ""}); }
    SUBCASE("a fragment in one piece with a whole message") {
        const std::string both = to_wire({Opcode::text, true, true, invite(10)}) +
                                 to_wire({Opcode::text, false, true, "x"});
        Together(served.io).with(write_all(served.peer(), both)).run();
        CHECK(served.read().has_value());
    }
    SUBCASE("a fragment and pings") {
        served.peer_sends({Opcode::text, false, true, "x"});
        served.peer_sends({Opcode::ping, true, true, "y"});
        served.peer_sends({Opcode::ping, true, true, "z"});
    }
    CHECK(served.read().error() == Error::header_timeout);
}

TEST_CASE("R36 A peer that only pings is not taken for one that ends no message") {
    WebSocketRules rules = plain_rules();
    rules.limits.unfinished = std::chrono::milliseconds(10);
    Served served(rules);
    Result<Frame> got = Error::none;
    const auto ping = [&]() -> Task {
        asio::steady_timer pause(served.io);
        const std::string alive = to_wire({Opcode::ping, true, true, "still here"});
        const std::string message = to_wire({Opcode::text, true, true, invite(10)});
        for (int i = 0; i < 10; ++i) {
            co_await write_all(served.peer(), alive);
            pause.expires_after(std::chrono::milliseconds(10));
            co_await pause.async_wait(as_tuple);
        }
        co_await write_all(served.peer(), message);
    };
    Together(served.io).with(read_into(served.stream(), got)).with(ping()).run();
    CHECK(got.has_value());
}

TEST_CASE("A peer's close frame is answered and ends the stream") {
    Served served;
    served.peer_sends({Opcode::close, true, true, "\x03\xE8"});
    CHECK(served.read().error() == Error::flow_closed);
    const WireFrame close = served.peer_reads();
    CHECK(close.opcode == Opcode::close);
}

TEST_CASE("close() ends pending calls at once and tells the peer 1001") {
    Served served;
    Result<Frame> got = Error::none;
    asio::post(served.io, [&] { served.stream().close(); });
    Together(served.io).with(read_into(served.stream(), got)).run();
    CHECK(got.error() == Error::flow_closed);
    const WireFrame close = served.peer_reads();
    CHECK(close.opcode == Opcode::close);
    CHECK(close.payload == "\x03\xE9");
    const auto late_write = [&]() -> Task {
        const auto written = co_await served.stream().write("x");
        CHECK(written.error() == Error::flow_closed);
    };
    Together(served.io).with(late_write()).run();
    CHECK(served.read().error() == Error::flow_closed);
    served.stream().close();
}

TEST_CASE("close() ends a write that a peer who does not read holds up") {
    Served served;
    Result<void> written = Error::none;
    const std::string large = pattern(50'000'000);
    const auto write = [&]() -> Task { written = co_await served.stream().write(large); };
    const auto end = [&]() -> Task {
        const auto [error] =
            co_await served.peer().socket().async_wait(asio::ip::tcp::socket::wait_read, as_tuple);
        CHECK_FALSE(error);
        served.stream().close();
    };
    Together(served.io).with(write()).with(end()).run();
    CHECK(written.error() == Error::flow_closed);
}

TEST_CASE("A silent peer is pinged, and the stream ends if it stays silent") {
    WebSocketRules rules = plain_rules();
    rules.limits.idle = std::chrono::milliseconds(200);
    Served served(rules);
    WireFrame ping;
    Result<Frame> got = Error::none;
    Together(served.io)
        .with(read_into(served.stream(), got))
        .with(read_frame(served.peer(), ping))
        .run();
    CHECK(ping.opcode == Opcode::ping);
    CHECK(got.error() == Error::idle_timeout);
}

TEST_CASE("Two streams over TLS carry messages of all sizes both ways at the same time") {
    SecuredPair pair;
    CHECK(pair.server.stream->request().path == "/sip");
    CHECK(pair.server.stream->request().host == "server.example:443");
    CHECK(pair.client.stream->bytes().peer_names().dns ==
          std::vector<std::string>{"server.example"});
    for (const std::size_t size : {1U, 125U, 126U, 2'200U, 8'000U, 20'000U, 100'000U, 200'000U}) {
        CAPTURE(size);
        const std::string down = pattern(size, 1);
        const std::string up = pattern(size, 2);
        Result<Frame> got_down = Error::none;
        Result<Frame> got_up = Error::none;
        Together(pair.tls.io)
            .with(read_into(*pair.server.stream, got_up))
            .with(read_into(*pair.client.stream, got_down))
            .with(write_message(*pair.server.stream, down))
            .with(write_message(*pair.client.stream, up))
            .run();
        REQUIRE(got_down.has_value());
        REQUIRE(got_up.has_value());
        CHECK(got_down->bytes == down);
        CHECK(got_up->bytes == up);
    }
}

TEST_CASE("The connecting side's close reaches the other as an orderly end") {
    SecuredPair pair;
    Result<Frame> got = Error::none;
    pair.client.stream->close();
    Together(pair.tls.io).with(read_into(*pair.server.stream, got)).run();
    CHECK(got.error() == Error::flow_closed);
}
