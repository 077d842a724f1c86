#include "transport/openssl_peer.hpp"
#include "transport/tls_context.hpp"
#include "transport/tls_loopback.hpp"
#include "transport/tls_peer.hpp"

#include <thread>

using namespace roundabout;
using namespace roundabout::tests;
using namespace roundabout::transport;

namespace {

/// What a server context made of these files complains of; empty if it was made.
std::string complaint(const CertificateFiles& files) {
    TlsServerSettings settings;
    settings.certificate = files;
    const auto made = TlsContext::server(settings);
    if (made.has_value())
        return "";
    CHECK(made.error().error == Error::certificate_unusable);
    return made.error().text;
}

bool mentions(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

/// The client's verdict on a server with that certificate when it asks for `name`.
error_code verdict(const CertificateWish& wish, const std::string& name) {
    asio::io_context io;
    const TlsPair material;
    StreamPair pair = tls_pair(io, material.server(wish), material.client(), name);
    return shake_hands(io, pair).client;
}

/// What the server learns of a client with that certificate.
SubjectNames names_shown_to_server(const TlsPair& material, const TlsContext& client, bool ask) {
    asio::io_context io;
    StreamPair pair =
        tls_pair(io, material.server(for_dns("server.example"), ask), client, "server.example");
    const HandshakeOutcome outcome = shake_hands(io, pair);
    CHECK_FALSE(outcome.server);
    CHECK_FALSE(outcome.client);
    return pair.server.peer_names();
}

CertificateWish trunk() {
    CertificateWish wish;
    wish.common_name = "trunk";
    wish.uris = {"sip:trunk.example"};
    wish.dns = {"host.trunk.example"};
    wish.addresses = {"192.0.2.1", "2001:db8::1"};
    return wish;
}

} // namespace

TEST_CASE("A context is made of a certificate and its key") {
    const TlsPair material;
    const CertificateFiles files = material.files(for_dns("server.example"));
    CHECK(complaint(files).empty());
}

TEST_CASE("A file that can't be used is named with the reason") {
    const TlsPair material;
    const CertificateFiles good = material.files(for_dns("server.example"));

    const std::string missing = material.folder.path("missing.pem");
    CHECK(
        mentions(complaint({missing, good.key_file}), "certificate file " + missing + ": No such"));
    CHECK(mentions(complaint({good.chain_file, missing}), "key file " + missing + ": No such"));

    const std::string empty = material.folder.write("empty.pem", "");
    CHECK(mentions(complaint({empty, good.key_file}), empty + ": the file is empty"));

    const std::string garbage = material.folder.write("garbage.pem", "no PEM at all\n");
    CHECK(mentions(complaint({garbage, good.key_file}), garbage + ": no usable PEM certificate"));
    CHECK(mentions(complaint({good.chain_file, garbage}), garbage + ": no usable PEM private key"));

    const std::string folder = material.folder.path("");
    CHECK(mentions(complaint({folder, good.key_file}), folder + ": Is a directory"));
}

TEST_CASE("A key that belongs to another certificate is refused with both files named") {
    const TlsPair material;
    CertificateWish other = for_dns("server.example");
    other.common_name = "other";
    const CertificateFiles one = material.files(for_dns("server.example"));
    const CertificateFiles two = material.files(other);
    const std::string text = complaint({one.chain_file, two.key_file});
    CHECK(mentions(text, "key file " + two.key_file));
    CHECK(mentions(text, "not the key of the certificate in " + one.chain_file));
}

TEST_CASE("A key with a passphrase is refused without asking for it") {
    const TlsPair material;
    const TestCertificate made = material.authority.issue(for_dns("server.example"));
    const CertificateFiles files{material.folder.write("p.pem", made.chain),
                                 material.folder.write("p.key", with_passphrase(made.key))};
    CHECK(mentions(complaint(files), files.key_file + ": no usable PEM private key"));
}

TEST_CASE("A CA file that can't be used is named") {
    const TlsPair material;
    TlsClientSettings settings;
    settings.ca_file = material.folder.path("missing.pem");
    const auto missing = TlsContext::client(settings);
    REQUIRE(missing.has_error());
    CHECK(mentions(missing.error().text, "CA file " + settings.ca_file + ": No such"));
    settings.ca_file = material.folder.write("garbage.pem", "nothing\n");
    const auto garbage = TlsContext::client(settings);
    REQUIRE(garbage.has_error());
    CHECK(mentions(garbage.error().text, settings.ca_file + ": no usable PEM certificate"));
}

TEST_CASE("A certificate outside its dates is used with a warning") {
    const TlsPair material;
    CertificateWish wish = for_dns("server.example");
    CHECK(material.server(wish).warnings().empty());
    wish.valid_from = -20;
    wish.valid_until = -10;
    const TlsContext expired = material.server(wish);
    REQUIRE(expired.warnings().size() == 1);
    CHECK(mentions(expired.warnings()[0], "server.pem: the certificate has expired"));
    wish.valid_from = 10;
    wish.valid_until = 20;
    const TlsContext early = material.server(wish);
    REQUIRE(early.warnings().size() == 1);
    CHECK(mentions(early.warnings()[0], "server.pem: the certificate is not valid yet"));
}

TEST_CASE("R42 A client accepts the server whose certificate proves the name asked for") {
    CHECK_FALSE(verdict(for_dns("server.example"), "server.example"));
    CHECK_FALSE(verdict(trunk(), "trunk.example"));
    CHECK_FALSE(verdict(trunk(), "192.0.2.1"));
    CHECK_FALSE(verdict(trunk(), "[2001:db8::1]"));
}

TEST_CASE("R42 A client refuses a server with another name, a wildcard or only a common name") {
    CHECK(verdict(for_dns("server.example"), "other.example") == Error::peer_name_mismatch);
    CHECK(verdict(for_dns("*.example"), "server.example") == Error::peer_name_mismatch);
    CHECK(verdict(trunk(), "192.0.2.2") == Error::peer_name_mismatch);
    CHECK(verdict(trunk(), "") == Error::peer_name_mismatch);
    CertificateWish common_name_only;
    common_name_only.common_name = "server.example";
    CHECK(verdict(common_name_only, "server.example") == Error::peer_name_mismatch);
}

TEST_CASE("A client refuses a server that an unknown authority vouches for") {
    asio::io_context io;
    const TlsPair ours;
    const TlsPair theirs;
    StreamPair pair =
        tls_pair(io, theirs.server(for_dns("server.example")), ours.client(), "server.example");
    const HandshakeOutcome outcome = shake_hands(io, pair);
    CHECK(outcome.client == Error::peer_unverified);
    CHECK_FALSE(pair.client.failure().empty());
    CHECK(pair.client.peer_names().empty());
}

TEST_CASE("A client refuses a server whose certificate has expired") {
    CertificateWish wish = for_dns("server.example");
    wish.valid_from = -20;
    wish.valid_until = -10;
    CHECK(verdict(wish, "server.example") == Error::peer_unverified);
}

TEST_CASE("A client sends a host name as SNI, an address not") {
    for (const std::string name : {"server.example", "192.0.2.1"}) {
        asio::io_context io;
        const TlsPair material;
        SocketPair sockets = loopback_pair(io);
        OpensslPeer peer(std::move(sockets.accepted), OpensslPeer::Side::server);
        CertificateWish wish = for_dns("server.example");
        wish.addresses = {"192.0.2.1"};
        const CertificateFiles files = material.files(wish);
        peer.use_certificate(files.chain_file, files.key_file);
        std::string asked_for;
        std::thread other([&] {
            peer.handshake();
            asked_for = peer.server_name();
        });
        ByteStream client =
            ByteStream::tls_client(std::move(sockets.connected), material.client(), name);
        error_code shaken;
        Together(io).with(handshake_into(client, shaken)).run();
        other.join();
        CHECK_FALSE(shaken);
        CHECK(asked_for == (name == "server.example" ? name : ""));
    }
}

TEST_CASE("R42 A server that asks learns what a verified client certificate proves") {
    const TlsPair material;
    const SubjectNames names = names_shown_to_server(material, material.client(trunk()), true);
    CHECK(names.uris == trunk().uris);
    CHECK(names.dns == trunk().dns);
    REQUIRE(names.addresses.size() == 2);
    CHECK(names.addresses[0].to_string() == "192.0.2.1");
    CHECK(names.addresses[1].to_string() == "2001:db8::1");
}

TEST_CASE("A client without certificate, or one that nobody asked for it, has no names") {
    const TlsPair material;
    CHECK(names_shown_to_server(material, material.client(), true).empty());
    CHECK(names_shown_to_server(material, material.client(trunk()), false).empty());
}

TEST_CASE("R42 A client certificate that does not verify counts as none") {
    const TlsPair ours;
    const TlsPair theirs;
    TlsClientSettings settings;
    settings.ca_file = ours.ca_file;
    settings.certificate = theirs.files(trunk());
    const auto foreign = TlsContext::client(settings);
    REQUIRE(foreign.has_value());
    CHECK(names_shown_to_server(ours, *foreign, true).empty());

    CertificateWish expired = trunk();
    expired.valid_from = -20;
    expired.valid_until = -10;
    CHECK(names_shown_to_server(ours, ours.client(expired), true).empty());
}

TEST_CASE("R42 A server that insists lets nobody in without a certificate that verifies") {
    const TlsPair ours;
    const TlsPair theirs;
    TlsServerSettings settings;
    settings.certificate = ours.files(for_dns("server.example"));
    settings.require_certificate = true;
    settings.ca_file = ours.ca_file;
    const auto server = TlsContext::server(settings);
    REQUIRE(server.has_value());
    const auto outcome = [&](const TlsContext& client) {
        asio::io_context io;
        StreamPair pair = tls_pair(io, *server, client, "server.example");
        return shake_hands(io, pair).server;
    };
    CHECK_FALSE(outcome(ours.client(trunk())));
    CHECK(outcome(ours.client()) == Error::handshake_failed);
    TlsClientSettings foreign;
    foreign.ca_file = ours.ca_file;
    foreign.certificate = theirs.files(trunk());
    CHECK(outcome(*TlsContext::client(foreign)) == Error::handshake_failed);
}

TEST_CASE("The connecting side can look at the server's names after the handshake") {
    TlsConnection connection;
    CHECK(connection.ends.client.peer_names().dns == std::vector<std::string>{"server.example"});
    CHECK(connection.ends.server.peer_names().empty());
    asio::io_context io;
    StreamPair plain = plain_pair(io);
    CHECK(plain.server.peer_names().empty());
}
