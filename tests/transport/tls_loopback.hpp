#pragma once

#include "support/test_certificates.hpp"
#include "transport/byte_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace roundabout::tests {

namespace asio = boost::asio;
using boost::system::error_code;
using transport::ByteStream;
using Task = asio::awaitable<void>;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

struct SocketPair {
    asio::ip::tcp::socket accepted;
    asio::ip::tcp::socket connected;
};

inline SocketPair loopback_pair(asio::io_context& io) {
    const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    asio::ip::tcp::acceptor acceptor(io, any);
    SocketPair pair{asio::ip::tcp::socket(io), asio::ip::tcp::socket(io)};
    pair.connected.connect(acceptor.local_endpoint());
    acceptor.accept(pair.accepted);
    pair.accepted.set_option(asio::ip::tcp::no_delay(true));
    pair.connected.set_option(asio::ip::tcp::no_delay(true));
    return pair;
}

/// Runs coroutines side by side until all have ended. What one throws fails the test.
class Together {
  public:
    explicit Together(asio::io_context& io)
        : io_(&io) {}

    Together& with(Task task) {
        ++running_;
        asio::co_spawn(*io_, std::move(task), [this](const std::exception_ptr& thrown) {
            --running_;
            if (thrown && !thrown_)
                thrown_ = thrown;
        });
        return *this;
    }

    void run() {
        io_->restart();
        io_->run_for(std::chrono::seconds(60)); // a bound for what hangs; nothing waits for it
        if (thrown_)
            std::rethrow_exception(thrown_);
        REQUIRE(running_ == 0);
    }

  private:
    asio::io_context* io_;
    int running_ = 0;
    std::exception_ptr thrown_;
};

/// Runs until nothing is pending any more.
inline void run_all(asio::io_context& io) {
    io.restart();
    io.run_for(std::chrono::seconds(60));
}

/// An authority, certificates from it, and TLS contexts of both sides.
struct TlsPair {
    TemporaryFolder folder;
    TestAuthority authority;
    std::string ca_file = folder.write("ca.pem", authority.pem());

    [[nodiscard]] transport::CertificateFiles files(const CertificateWish& wish) const {
        const TestCertificate made = authority.issue(wish);
        return {folder.write(wish.common_name + ".pem", made.chain),
                folder.write(wish.common_name + ".key", made.key)};
    }

    [[nodiscard]] transport::TlsContext server(const CertificateWish& wish,
                                               bool ask_certificate = false) const {
        transport::TlsServerSettings settings;
        settings.certificate = files(wish);
        settings.ask_certificate = ask_certificate;
        settings.ca_file = ca_file;
        const auto made = transport::TlsContext::server(settings);
        REQUIRE(made.has_value());
        return *made;
    }

    [[nodiscard]] transport::TlsContext client() const {
        transport::TlsClientSettings settings;
        settings.ca_file = ca_file;
        const auto made = transport::TlsContext::client(settings);
        REQUIRE(made.has_value());
        return *made;
    }

    [[nodiscard]] transport::TlsContext client(const CertificateWish& wish) const {
        transport::TlsClientSettings settings;
        settings.ca_file = ca_file;
        settings.certificate = files(wish);
        const auto made = transport::TlsContext::client(settings);
        REQUIRE(made.has_value());
        return *made;
    }
};

inline CertificateWish for_dns(std::string name) {
    CertificateWish wish;
    wish.common_name = "server";
    wish.dns.push_back(std::move(name));
    return wish;
}

/// Both ends of one connection.
struct StreamPair {
    ByteStream server;
    ByteStream client;
};

inline StreamPair plain_pair(asio::io_context& io) {
    SocketPair sockets = loopback_pair(io);
    return {ByteStream::plain(std::move(sockets.accepted)),
            ByteStream::plain(std::move(sockets.connected))};
}

inline StreamPair tls_pair(asio::io_context& io, const transport::TlsContext& server,
                           const transport::TlsContext& client, std::string name) {
    SocketPair sockets = loopback_pair(io);
    return {ByteStream::tls_server(std::move(sockets.accepted), server),
            ByteStream::tls_client(std::move(sockets.connected), client, std::move(name))};
}

inline Task handshake_into(ByteStream& stream, error_code& outcome) {
    const auto [error] = co_await stream.async_handshake(as_tuple);
    outcome = error;
    if (error)
        stream.close();
}

struct HandshakeOutcome {
    error_code server;
    error_code client;
};

inline HandshakeOutcome shake_hands(asio::io_context& io, StreamPair& pair) {
    HandshakeOutcome outcome;
    Together(io)
        .with(handshake_into(pair.server, outcome.server))
        .with(handshake_into(pair.client, outcome.client))
        .run();
    return outcome;
}

/// A TLS connection over loopback whose handshake is done, of server.example.
struct TlsConnection {
    asio::io_context io;
    TlsPair material;
    StreamPair ends;

    TlsConnection()
        : ends(tls_pair(io, material.server(for_dns("server.example")), material.client(),
                        "server.example")) {
        const HandshakeOutcome outcome = shake_hands(io, ends);
        REQUIRE_MESSAGE(!outcome.server, outcome.server.message());
        REQUIRE_MESSAGE(!outcome.client, outcome.client.message());
    }
};

inline Task write_all(ByteStream& stream, std::string_view bytes) {
    const asio::const_buffer from(bytes.data(), bytes.size());
    const auto [error, count] = co_await asio::async_write(stream, from, as_tuple);
    CHECK_MESSAGE(!error, error.message());
    CHECK(count == bytes.size());
}

/// Reads exactly as many bytes as `into` has.
inline Task read_full(ByteStream& stream, std::string& into) {
    const asio::mutable_buffer buffer = asio::buffer(into);
    const auto [error, count] = co_await asio::async_read(stream, buffer, as_tuple);
    CHECK_MESSAGE(!error, error.message());
    CHECK(count == into.size());
}

/// Reads until the stream ends; gives what was read and how it ended.
inline Task read_to_end(ByteStream& stream, std::string& into, error_code& end) {
    std::string chunk(4096, '\0');
    const asio::mutable_buffer buffer = asio::buffer(chunk);
    while (!end) {
        const auto [error, count] = co_await stream.async_read_some(buffer, as_tuple);
        into.append(chunk, 0, count);
        end = error;
    }
}

/// Bytes that show where one is missing, repeated or changed.
inline std::string pattern(std::size_t size, unsigned seed = 1) {
    std::string bytes(size, '\0');
    unsigned state = seed;
    for (char& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<char>('!' + (state >> 24U) % 90U);
    }
    return bytes;
}

} // namespace roundabout::tests
