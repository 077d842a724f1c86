#include "transport/tls_loopback.hpp"

using namespace roundabout;
using namespace roundabout::tests;
using namespace roundabout::transport;

namespace {

// A listener with three certificates: first.example, second.example and *.wild.example.
struct ThreeCertificates {
    ThreeCertificates() {
        TlsServerSettings settings;
        settings.certificate = files("first", "first.example");
        settings.more = {files("second", "second.example"), files("wild", "*.wild.example")};
        auto made = TlsContext::server(settings);
        REQUIRE(made.has_value());
        server = std::make_unique<TlsContext>(*made);
    }

    [[nodiscard]] CertificateFiles files(std::string common_name, std::string dns) const {
        CertificateWish wish = for_dns(std::move(dns));
        wish.common_name = std::move(common_name);
        return material.files(wish);
    }

    /// True if who asks for `asked` is shown a certificate with `name` in it.
    [[nodiscard]] bool shows(const std::string& asked, const std::string& name) const {
        asio::io_context io;
        StreamPair pair = tls_pair(io, *server, material.client(), asked);
        const HandshakeOutcome outcome = shake_hands(io, pair);
        CHECK((!outcome.client || outcome.client == Error::peer_name_mismatch));
        const std::vector<std::string> shown = pair.client.peer_names().dns;
        return shown == std::vector<std::string>{name};
    }

    TlsPair material;
    std::unique_ptr<TlsContext> server;
};

} // namespace

TEST_CASE("SNI: the certificate with the name that is asked for is shown, else the first") {
    const ThreeCertificates listener;
    CHECK(listener.shows("first.example", "first.example"));
    CHECK(listener.shows("second.example", "second.example"));
    CHECK(listener.shows("SECOND.Example", "second.example"));
    CHECK(listener.shows("unknown.example", "first.example"));
    CHECK(listener.shows("192.0.2.1", "first.example")); // an address is not sent as SNI
}

TEST_CASE("SNI: a wildcard stands for one label") {
    const ThreeCertificates listener;
    CHECK(listener.shows("a.wild.example", "*.wild.example"));
    CHECK(listener.shows("a.b.wild.example", "first.example"));
    CHECK(listener.shows("wild.example", "first.example"));
}

TEST_CASE("SNI: a handshake that has begun outlives the listener's context") {
    ThreeCertificates listener;
    asio::io_context io;
    StreamPair pair = tls_pair(io, *listener.server, listener.material.client(), "second.example");
    listener.server.reset();
    const HandshakeOutcome outcome = shake_hands(io, pair);
    CHECK_FALSE(outcome.client);
    CHECK(pair.client.peer_names().dns == std::vector<std::string>{"second.example"});
}

TEST_CASE("SNI: each of the files is checked, and a faulty one named") {
    const TlsPair material;
    TlsServerSettings settings;
    settings.certificate = material.files(for_dns("first.example"));
    settings.more = {{material.folder.path("missing.pem"), settings.certificate.key_file}};
    const auto made = TlsContext::server(settings);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().text.find("missing.pem") != std::string::npos);
}
