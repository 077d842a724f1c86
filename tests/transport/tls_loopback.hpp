#pragma once

#include "support/test_certificates.hpp"
#include "transport/byte_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
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

SocketPair loopback_pair(asio::io_context& io);

/// Runs coroutines side by side until all have ended. What one throws fails the test.
class Together {
  public:
    explicit Together(asio::io_context& io)
        : io_(&io) {}

    Together& with(Task task) {
        ++running_;
        asio::co_spawn(*io_, std::move(task), [this](const std::exception_ptr& thrown) {
            if (thrown && !thrown_)
                thrown_ = thrown;
            if (--running_ == 0)
                io_->stop(); // timers that nobody awaits may still be pending
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

StreamPair plain_pair(asio::io_context& io);

StreamPair tls_pair(asio::io_context& io, const transport::TlsContext& server,
                    const transport::TlsContext& client, std::string name);

Task handshake_into(ByteStream& stream, error_code& outcome);

struct HandshakeOutcome {
    error_code server;
    error_code client;
};

HandshakeOutcome shake_hands(asio::io_context& io, StreamPair& pair);

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

Task write_all(ByteStream& stream, std::string_view bytes);

/// Reads exactly as many bytes as `into` has.
Task read_full(ByteStream& stream, std::string& into);

/// Reads until the stream ends; gives what was read and how it ended.
Task read_to_end(ByteStream& stream, std::string& into, error_code& end);

/// Bytes that show where one is missing, repeated or changed.
std::string pattern(std::size_t size, unsigned seed = 1);

} // namespace roundabout::tests
