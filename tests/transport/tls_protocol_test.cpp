#include "transport/byte_stream.hpp"
#include "transport/openssl_peer.hpp"
#include "transport/tls_loopback.hpp"

#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include <array>
#include <functional>
#include <string>
#include <thread>

using namespace roundabout;
using namespace roundabout::tests;
using transport::TlsContext;

TEST_CASE("TLS 1.2 and TLS 1.3 are spoken") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(version);
        asio::io_context io;
        const TlsPair material;
        const TlsContext context = material.server(for_dns("server.example"));
        SocketPair sockets = loopback_pair(io);
        OpensslPeer peer(std::move(sockets.connected), OpensslPeer::Side::client);
        peer.only_version(version);
        std::thread other([&] {
            peer.handshake();
            peer.write("ping");
        });
        ByteStream server = ByteStream::tls_server(std::move(sockets.accepted), context);
        error_code shaken;
        std::string got(4, '\0');
        Together(io).with(handshake_into(server, shaken)).run();
        Together(io).with(read_full(server, got)).run();
        other.join();
        CHECK_FALSE(shaken);
        CHECK(got == "ping");
        CHECK(peer.version() == version);
    }
}

namespace {

/// A client that has shaken hands as it likes, and read what the server wrote after.
struct Shaken {
    std::string suite;
    bool has_ticket = false;
};

Shaken shake_hands_as(const std::function<void(OpensslPeer&)>& liking) {
    asio::io_context io;
    const TlsPair material;
    const TlsContext context = material.server(for_dns("server.example"));
    SocketPair sockets = loopback_pair(io);
    OpensslPeer peer(std::move(sockets.connected), OpensslPeer::Side::client);
    liking(peer);
    std::thread other([&] {
        peer.handshake();
        peer.read();
    });
    ByteStream server = ByteStream::tls_server(std::move(sockets.accepted), context);
    error_code shaken;
    Together(io).with(handshake_into(server, shaken)).run();
    Together(io).with(write_all(server, "pong")).run();
    other.join();
    CHECK_FALSE(shaken);
    return {peer.suite(), peer.has_ticket()};
}

} // namespace

TEST_CASE("TLS 1.3 goes by AES-128 with SHA-256 unless the client has only others") {
    CHECK(shake_hands_as([](OpensslPeer& /*peer*/) {}).suite == "TLS_AES_128_GCM_SHA256");
    const std::string larger = "TLS_AES_256_GCM_SHA384";
    CHECK(shake_hands_as([&](OpensslPeer& peer) { peer.only_suites(larger); }).suite == larger);
}

TEST_CASE(
    "A client of TLS 1.2 is given a ticket, one of TLS 1.3, which saves nothing by it, none") {
    const auto only = [](int version) {
        return shake_hands_as([version](OpensslPeer& peer) { peer.only_version(version); });
    };
    CHECK(only(TLS1_2_VERSION).has_ticket);
    CHECK_FALSE(only(TLS1_3_VERSION).has_ticket);
}

TEST_CASE("TLS 1.1 is refused") {
    asio::io_context io;
    const TlsPair material;
    const TlsContext context = material.server(for_dns("server.example"));
    SocketPair sockets = loopback_pair(io);
    OpensslPeer peer(std::move(sockets.connected), OpensslPeer::Side::client);
    peer.only_version(TLS1_1_VERSION);
    std::thread other([&] { peer.handshake(); });
    ByteStream server = ByteStream::tls_server(std::move(sockets.accepted), context);
    error_code shaken;
    Together(io).with(handshake_into(server, shaken)).run();
    other.join();
    CHECK(shaken == Error::handshake_failed);
    CHECK_FALSE(peer.is_established());
    CHECK_FALSE(server.failure().empty());
}

TEST_CASE("Small buffers of one write leave as one record") {
    asio::io_context io;
    const TlsPair material;
    SocketPair sockets = loopback_pair(io);
    OpensslPeer peer(std::move(sockets.connected), OpensslPeer::Side::client);
    std::string first_record;
    std::thread other([&] {
        peer.handshake();
        first_record = peer.read();
    });
    ByteStream server = ByteStream::tls_server(std::move(sockets.accepted),
                                               material.server(for_dns("server.example")));
    const std::string head = "head";
    const std::string body = pattern(2'000);
    std::array<asio::const_buffer, 16> buffers; // as many as an HTTP answer has rows, and more
    std::string all;
    for (std::size_t i = 0; i < buffers.size(); ++i) {
        buffers[i] = i == 3 ? asio::const_buffer() : asio::buffer(i == 9 ? body : head);
        all.append(static_cast<const char*>(buffers[i].data()), buffers[i].size());
    }
    const auto talk = [&]() -> Task {
        error_code shaken;
        co_await handshake_into(server, shaken);
        CHECK_FALSE(shaken);
        const auto [error, count] = co_await server.async_write_some(buffers, as_tuple);
        CHECK_FALSE(error);
        CHECK(count == all.size());
    };
    Together(io).with(talk()).run();
    other.join();
    CHECK(first_record == all);
}

TEST_CASE("A peer may renew its keys and ask for ours while both directions are busy") {
    asio::io_context io;
    const TlsPair material;
    SocketPair sockets = loopback_pair(io);
    OpensslPeer peer(std::move(sockets.connected), OpensslPeer::Side::client);
    peer.only_version(TLS1_3_VERSION);
    const std::string chunk = pattern(10'000);
    constexpr int rounds = 20;
    std::string answers;
    std::thread other([&] {
        peer.handshake();
        for (int i = 0; i < rounds; ++i) {
            peer.update_keys();
            peer.write(chunk);
            std::string answer;
            while (answer.size() < chunk.size())
                answer += peer.read();
            answers += answer;
        }
    });
    ByteStream server = ByteStream::tls_server(std::move(sockets.accepted),
                                               material.server(for_dns("server.example")));
    const auto talk = [&]() -> Task {
        error_code shaken;
        co_await handshake_into(server, shaken);
        std::string got(chunk.size(), '\0');
        for (int i = 0; i < rounds; ++i) {
            co_await read_full(server, got);
            CHECK(got == chunk);
            co_await write_all(server, got);
        }
    };
    Together(io).with(talk()).run();
    other.join();
    std::string expected;
    for (int i = 0; i < rounds; ++i)
        expected += chunk;
    CHECK(answers == expected);
}

TEST_CASE("A TLS 1.2 peer may not renegotiate") {
    asio::io_context io;
    const TlsPair material;
    SocketPair sockets = loopback_pair(io);
    OpensslPeer peer(std::move(sockets.connected), OpensslPeer::Side::client);
    peer.only_version(TLS1_2_VERSION);
    bool renegotiated = true;
    std::thread other([&] {
        peer.handshake();
        renegotiated = peer.renegotiate();
        peer.close();
    });
    ByteStream server = ByteStream::tls_server(std::move(sockets.accepted),
                                               material.server(for_dns("server.example")));
    const auto listen = [&]() -> Task {
        error_code shaken;
        co_await handshake_into(server, shaken);
        CHECK_FALSE(shaken);
        std::string got;
        error_code end;
        co_await read_to_end(server, got, end);
        CHECK(end == Error::renegotiation);
        server.close();
    };
    Together(io).with(listen()).run();
    other.join();
    CHECK_FALSE(renegotiated);
}

TEST_CASE("Garbage instead of a handshake fails it and says why") {
    asio::io_context io;
    const TlsPair material;
    SocketPair sockets = loopback_pair(io);
    asio::write(sockets.connected, asio::buffer("OPTIONS sip:x SIP/2.0\r\n\r\n", 25));
    ByteStream server = ByteStream::tls_server(std::move(sockets.accepted),
                                               material.server(for_dns("server.example")));
    error_code shaken;
    Together(io).with(handshake_into(server, shaken)).run();
    CHECK(shaken == Error::handshake_failed);
    CHECK_FALSE(server.failure().empty());
}

TEST_CASE("A peer that leaves during the handshake fails it") {
    asio::io_context io;
    const TlsPair material;
    SocketPair sockets = loopback_pair(io);
    sockets.connected.close();
    ByteStream server = ByteStream::tls_server(std::move(sockets.accepted),
                                               material.server(for_dns("server.example")));
    error_code shaken;
    Together(io).with(handshake_into(server, shaken)).run();
    CHECK(shaken == asio::error::connection_reset);
}
