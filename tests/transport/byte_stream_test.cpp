#include "transport/byte_stream.hpp"
#include "transport/tls_loopback.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <functional>
#include <new>

using namespace roundabout;
using namespace roundabout::tests;

namespace {

/// Passes bytes on one at a time, each in a segment of its own as far as the kernel allows.
Task dribble(asio::ip::tcp::socket& from, asio::ip::tcp::socket& to) {
    to.set_option(asio::ip::tcp::no_delay(true));
    std::array<char, 4096> chunk{};
    for (error_code end; !end;) {
        const asio::mutable_buffer into = asio::buffer(chunk);
        const auto [error, count] = co_await from.async_read_some(into, as_tuple);
        end = error;
        for (std::size_t i = 0; i < count && !end; ++i) {
            const asio::const_buffer one(&chunk[i], 1);
            const auto [failed, written] = co_await asio::async_write(to, one, as_tuple);
            end = failed;
        }
    }
    error_code ignored;
    to.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

struct Outcome {
    bool ended = false;
    error_code error;
    std::size_t count = 0;
};

auto note(Outcome& outcome) {
    return
        [&outcome](const error_code& error, std::size_t count) { outcome = {true, error, count}; };
}

/// A socket pair whose ends hold little, so that writers have to wait.
void shrink_buffers(ByteStream& stream) {
    stream.socket().set_option(asio::socket_base::send_buffer_size(4096));
}

Task until_cancelled(asio::steady_timer& timer) {
    const auto [error] = co_await timer.async_wait(as_tuple);
    CHECK(error == asio::error::operation_aborted);
}

/// Fills the connection, so that the next write has to wait for the peer, which doesn't read.
void fill(ByteStream& stream) {
    const std::string bytes = pattern(20'000);
    while (stream.write_now(bytes) != 0) {
    }
}

/// Writes until the peer is gone.
Task write_for_ever(ByteStream& stream, error_code& end) {
    const std::string bytes = pattern(20'000);
    const asio::const_buffer from = asio::buffer(bytes);
    while (!end) {
        const auto [error, count] = co_await asio::async_write(stream, from, as_tuple);
        end = error;
    }
}

void check_large_both_ways(asio::io_context& io, StreamPair& pair) {
    for (const std::size_t size : {8'000U, 16'384U, 16'385U, 100'000U, 3'000'000U}) {
        CAPTURE(size);
        const std::string down = pattern(size, 1);
        const std::string up = pattern(size, 2);
        std::string got_down(size, '\0');
        std::string got_up(size, '\0');
        Together(io)
            .with(write_all(pair.server, down))
            .with(write_all(pair.client, up))
            .with(read_full(pair.server, got_up))
            .with(read_full(pair.client, got_down))
            .run();
        CHECK(got_down == down);
        CHECK(got_up == up);
    }
}

} // namespace

TEST_CASE("A plain stream carries large messages both ways at the same time") {
    asio::io_context io;
    StreamPair pair = plain_pair(io);
    CHECK_FALSE(pair.server.is_tls());
    const HandshakeOutcome outcome = shake_hands(io, pair);
    CHECK_FALSE(outcome.server);
    CHECK_FALSE(outcome.client);
    check_large_both_ways(io, pair);
}

TEST_CASE("A TLS stream carries large messages both ways at the same time") {
    TlsConnection connection;
    CHECK(connection.ends.server.is_tls());
    check_large_both_ways(connection.io, connection.ends);
}

TEST_CASE("A TLS stream carries large messages both ways through small socket buffers") {
    TlsConnection connection;
    shrink_buffers(connection.ends.server);
    shrink_buffers(connection.ends.client);
    check_large_both_ways(connection.io, connection.ends);
}

TEST_CASE("A handshake and messages that arrive byte by byte are understood") {
    const TlsPair material;
    asio::io_context io;
    SocketPair near = loopback_pair(io);
    SocketPair far = loopback_pair(io);
    StreamPair pair{
        ByteStream::tls_server(std::move(near.accepted),
                               material.server(for_dns("server.example"))),
        ByteStream::tls_client(std::move(far.connected), material.client(), "server.example")};
    const std::string sent = pattern(5'000);
    std::string got(sent.size(), '\0');
    HandshakeOutcome outcome;
    const auto talk = [&]() -> Task {
        co_await handshake_into(pair.client, outcome.client);
        co_await write_all(pair.client, sent);
        pair.client.close();
    };
    const auto listen = [&]() -> Task {
        co_await handshake_into(pair.server, outcome.server);
        co_await read_full(pair.server, got);
        pair.server.close();
    };
    Together(io)
        .with(dribble(far.accepted, near.connected))
        .with(dribble(near.connected, far.accepted))
        .with(talk())
        .with(listen())
        .run();
    CHECK_FALSE(outcome.client);
    CHECK_FALSE(outcome.server);
    CHECK(got == sent);
}

TEST_CASE("A peer's close_notify is the end of the stream, its absence a reset") {
    TlsConnection connection;
    error_code end;
    std::string got;
    SUBCASE("with close_notify") {
        connection.ends.client.close();
        Together(connection.io).with(read_to_end(connection.ends.server, got, end)).run();
        CHECK(end == asio::error::eof);
    }
    SUBCASE("without") {
        connection.ends.client.socket().shutdown(asio::socket_base::shutdown_send);
        Together(connection.io).with(read_to_end(connection.ends.server, got, end)).run();
        CHECK(end == asio::error::connection_reset);
    }
    CHECK(got.empty());
}

TEST_CASE("After shutdown_send the other direction goes on") {
    TlsConnection connection;
    error_code end;
    std::string got;
    connection.ends.client.shutdown_send();
    Together(connection.io).with(read_to_end(connection.ends.server, got, end)).run();
    CHECK(end == asio::error::eof);
    const std::string answer = pattern(3'000);
    std::string heard(answer.size(), '\0');
    Together(connection.io)
        .with(write_all(connection.ends.server, answer))
        .with(read_full(connection.ends.client, heard))
        .run();
    CHECK(heard == answer);
}

TEST_CASE("cancel() and close() end the pending read and the pending write") {
    const std::array<std::function<void(ByteStream&)>, 2> ways{
        [](ByteStream& stream) { stream.cancel(); }, [](ByteStream& stream) { stream.close(); }};
    for (const auto& end_it : ways) {
        for (const bool tls : {false, true}) {
            CAPTURE(tls);
            TlsConnection secured;
            StreamPair plain = plain_pair(secured.io);
            ByteStream& stream = tls ? secured.ends.server : plain.server;
            shrink_buffers(stream);
            fill(stream);
            const std::string bytes = pattern(20'000);
            std::array<char, 8> into{};
            Outcome reading;
            Outcome writing;
            stream.async_read_some(asio::buffer(into), note(reading));
            stream.async_write_some(asio::buffer(bytes), note(writing));
            asio::post(secured.io, [&] { end_it(stream); });
            run_all(secured.io);
            CHECK(reading.error == asio::error::operation_aborted);
            CHECK(writing.error == asio::error::operation_aborted);
        }
    }
}

TEST_CASE("A read to a sink hands over what came, whatever waits, and tells of the end") {
    for (const bool tls : {false, true}) {
        CAPTURE(tls);
        TlsConnection secured;
        StreamPair plain = plain_pair(secured.io);
        ByteStream& to = tls ? secured.ends.server : plain.server;
        ByteStream& from = tls ? secured.ends.client : plain.client;
        const std::string sent = pattern(100'000);
        std::string got;
        Outcome last;
        std::function<void()> next = [&] {
            to.async_read_to([&got](std::string_view bytes) { got += bytes; },
                             [&](const error_code& error, std::size_t count) {
                                 last = {true, error, last.count + count};
                                 if (!error)
                                     next();
                             });
        };
        next(); // before there is anything
        asio::post(secured.io, [&] {
            asio::async_write(from, asio::buffer(sent),
                              [&](const error_code&, std::size_t) { from.shutdown_send(); });
        });
        run_all(secured.io);
        CHECK(got == sent);
        CHECK(last.count == sent.size());
        CHECK(last.error == asio::error::eof);
        CHECK(to.bytes_read() == sent.size());
    }
}

TEST_CASE("A read to a sink ends with cancel(), with close() and on a closed stream") {
    const std::array<std::function<void(ByteStream&)>, 2> ways{
        [](ByteStream& stream) { stream.cancel(); }, [](ByteStream& stream) { stream.close(); }};
    for (const auto& end_it : ways) {
        for (const bool tls : {false, true}) {
            CAPTURE(tls);
            TlsConnection secured;
            StreamPair plain = plain_pair(secured.io);
            ByteStream& stream = tls ? secured.ends.server : plain.server;
            Outcome waiting;
            Outcome closed;
            const auto unasked = [](std::string_view) { FAIL_CHECK("nothing was sent"); };
            stream.async_read_to(unasked, note(waiting));
            asio::post(secured.io, [&] { end_it(stream); });
            run_all(secured.io);
            CHECK(waiting.error == asio::error::operation_aborted);
            stream.close();
            stream.async_read_to(unasked, note(closed));
            run_all(secured.io);
            CHECK(closed.error == asio::error::operation_aborted);
        }
    }
}

TEST_CASE("A read to a sink that throws fails, and the loop goes on") {
    for (const bool tls : {false, true}) {
        CAPTURE(tls);
        TlsConnection secured;
        StreamPair plain = plain_pair(secured.io);
        Outcome outcome;
        bool went_on = false;
        (tls ? secured.ends.server : plain.server)
            .async_read_to([](std::string_view) { throw std::bad_alloc(); }, note(outcome));
        CHECK((tls ? secured.ends.client : plain.client).write_now("x") == 1);
        run_all(secured.io);
        asio::post(secured.io, [&] { went_on = true; });
        run_all(secured.io);
        CHECK(outcome.error == asio::error::no_memory);
        CHECK(went_on);
    }
}

TEST_CASE("cancel() ends a read whose wait had just succeeded") {
    TlsConnection connection;
    Outcome outcome;
    std::array<char, 8> into{};
    connection.ends.server.async_read_some(asio::buffer(into), note(outcome));
    CHECK(connection.ends.client.write_now("x") == 1);
    // The byte is there, so one turn of the loop finds the wait done and queues it; posted first,
    // the cancellation runs before it.
    asio::post(connection.io, [&] { connection.ends.server.cancel(); });
    run_all(connection.io);
    CHECK(outcome.ended);
    CHECK(outcome.error == asio::error::operation_aborted);
}

TEST_CASE("A read is cancelled through its own cancellation slot") {
    TlsConnection connection;
    asio::cancellation_signal signal;
    Outcome outcome;
    std::array<char, 8> into{};
    connection.ends.server.async_read_some(
        asio::buffer(into), asio::bind_cancellation_slot(signal.slot(), note(outcome)));
    asio::post(connection.io, [&] { signal.emit(asio::cancellation_type::terminal); });
    run_all(connection.io);
    CHECK(outcome.ended);
    CHECK(outcome.error == asio::error::operation_aborted);
}

TEST_CASE("Operations on a closed stream fail and reach no descriptor") {
    TlsConnection connection;
    connection.ends.server.close();
    connection.ends.server.close();
    CHECK_FALSE(connection.ends.server.is_open());
    CHECK(connection.ends.server.write_now("x") == 0);
    Outcome outcome;
    std::array<char, 8> into{};
    connection.ends.server.async_read_some(asio::buffer(into), note(outcome));
    run_all(connection.io);
    CHECK(outcome.error == asio::error::operation_aborted);
    outcome = {};
    connection.ends.server.async_write_some(asio::buffer("x", 1), note(outcome));
    run_all(connection.io);
    CHECK(outcome.error == asio::error::operation_aborted);
}

TEST_CASE("Reads that succeed at once complete outside the call and without recursion") {
    TlsConnection connection;
    constexpr std::size_t total = 100'000;
    const std::string sent = pattern(total);
    std::string got;
    bool in_call = false;
    char byte = 0;
    asio::steady_timer all_read(connection.io, asio::steady_timer::time_point::max());
    std::function<void()> next = [&] {
        in_call = true;
        connection.ends.server.async_read_some(asio::buffer(&byte, 1),
                                               [&](const error_code& error, std::size_t count) {
                                                   REQUIRE_FALSE(in_call);
                                                   REQUIRE_FALSE(error);
                                                   REQUIRE(count == 1);
                                                   got += byte;
                                                   if (got.size() < total)
                                                       next();
                                                   else
                                                       all_read.cancel();
                                               });
        in_call = false;
    };
    asio::post(connection.io, next);
    Together(connection.io)
        .with(write_all(connection.ends.client, sent))
        .with(until_cancelled(all_read))
        .run();
    CHECK((got == sent));
}

TEST_CASE("A write to a peer that has reset the connection is an error, not a signal") {
    TlsConnection connection;
    connection.ends.client.socket().set_option(asio::socket_base::linger(true, 0));
    connection.ends.client.socket().close();
    error_code end;
    Together(connection.io).with(write_for_ever(connection.ends.server, end)).run();
    CHECK(end);
}
