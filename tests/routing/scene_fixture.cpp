#include "routing/scene_fixture.hpp"

#include "base/address_book.hpp"
#include "sip/parser.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <dlfcn.h>

namespace {

bool cipher_broken = false;

} // namespace

/// Stands before libcrypto's own, for NoCipher: a cipher that has its key cannot be broken from
/// outside.
extern "C" int EVP_Cipher(EVP_CIPHER_CTX* context, unsigned char* out, const unsigned char* in,
                          unsigned int size) {
    static const auto real =
        reinterpret_cast<decltype(&EVP_Cipher)>(::dlsym(RTLD_NEXT, "EVP_Cipher"));
    return cipher_broken ? -1 : real(context, out, in, size);
}

/// The same for a MAC that has its key.
extern "C" int EVP_MAC_final(EVP_MAC_CTX* context, unsigned char* out, std::size_t* written,
                             std::size_t size) {
    static const auto real =
        reinterpret_cast<decltype(&EVP_MAC_final)>(::dlsym(RTLD_NEXT, "EVP_MAC_final"));
    return cipher_broken ? 0 : real(context, out, written, size);
}

namespace roundabout::test {

routing::KeyRing test_keys(std::vector<std::uint8_t> ids) {
    std::vector<routing::Secret> secrets;
    for (const std::uint8_t id : ids) {
        routing::Secret secret;
        secret.id = id;
        secret.bytes.fill(id);
        secrets.push_back(secret);
    }
    return *routing::derive_keys(secrets);
}

sip::Message request(std::string_view method, std::string_view uri,
                     std::vector<std::string> lines) {
    const std::vector<std::string> defaults{"Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKorig",
                                            "Max-Forwards: 70",
                                            "From: <sip:a@a.test>;tag=f1",
                                            "To: <sip:b@b.test>",
                                            "Call-ID: call-1",
                                            "CSeq: 1 " + std::string(method)};
    const auto name = [](std::string_view line) { return line.substr(0, line.find(':')); };
    std::string text = std::string(method) + " " + std::string(uri) + " SIP/2.0\r\n";
    for (const std::string& line : defaults) {
        if (std::ranges::find(lines, name(line), name) == lines.end())
            text += line + "\r\n";
    }
    for (const std::string& line : lines)
        text += line + "\r\n";
    sip::Message message = *sip::index_message(text + "\r\n", sip::Framing::datagram);
    const auto rejection = sip::check_message(message);
    REQUIRE_MESSAGE(!rejection.has_value(), text);
    return message;
}

namespace {

config::Config make_config() {
    config::Config config;
    config.domains = {"proxy.test"};
    config::Listener udp;
    udp.bind = *Endpoint::parse("192.0.2.1:5060");
    config::Listener wss;
    wss.transport = Transport::wss;
    wss.bind = *Endpoint::parse("192.0.2.1:8443");
    wss.serves_servers = false;
    config.listeners = {udp, wss};
    config::TrustedServer pbx;
    pbx.name = "pbx";
    pbx.hosts = {"198.51.100.1"};
    pbx.domains = {"pbx.test", "other.pbx.test"};
    pbx.port = 5060;
    config::TrustedServer carrier;
    carrier.name = "carrier";
    carrier.hosts = {"198.51.100.2"};
    carrier.domains = {"carrier.test"};
    carrier.port = 5070;
    carrier.transport = Transport::tcp;
    config::TrustedServer edge;
    edge.name = "edge";
    edge.hosts = {"198.51.100.3"};
    edge.domains = {"edge.test"};
    edge.port = 5060;
    edge.routes = {"sip:198.51.100.4:5070;transport=tcp;lr", "sip:198.51.100.5;lr"};
    config.servers = {pbx, carrier, edge};
    config.default_server = 0;
    config.client_networks = {*Network::parse("203.0.113.0/24")};
    return config;
}

config::ServerAddresses addresses_of(const config::Config& config) {
    return {config, AddressBook{}};
}

} // namespace

Place::Place()
    : config(make_config())
    , tokens(*routing::Tokens::make(keys))
    , servers(addresses_of(config)) {}

Source Place::server(std::string_view name) const {
    Source source;
    source.kind = Source::Kind::server;
    source.may_register = true;
    const auto found = std::ranges::find(config.servers, name, &config::TrustedServer::name);
    source.server = static_cast<config::ServerIndex>(found - config.servers.begin());
    return source;
}

Source Place::client() {
    Source source;
    source.kind = Source::Kind::client;
    source.may_register = true;
    return source;
}

Source Place::unknown() { return {}; }

std::variant<Decision, routing::Need> Place::ask(const sip::Message& message, const Source& source,
                                                 const Facts& facts) {
    std::vector<std::uint32_t> hashes;
    for (const config::TrustedServer& server : config.servers)
        hashes.push_back(tokens.name_hash(server.name));
    routing::Scene scene{config, servers, hashes, machine, tokens};
    return routing::decide(message, source, 0, scene, facts);
}

Decision Place::decide(const sip::Message& message, const Source& source, const Facts& facts) {
    auto outcome = ask(message, source, facts);
    REQUIRE(std::holds_alternative<Decision>(outcome));
    return std::get<Decision>(std::move(outcome));
}

routing::ServerPlace Place::server_place(std::string_view name) const {
    const auto found = std::ranges::find(config.servers, name, &config::TrustedServer::name);
    return {tokens.name_hash(name), *IpAddress::parse(found->hosts.front())};
}

std::string Place::route(const routing::Place& to, routing::Side side, std::string_view call_id) {
    return "<sip:" + *tokens.seal_route({side, to}, call_id) + "@192.0.2.1:5060;transport=udp;lr>";
}

std::string Place::contact(const routing::Place& to, std::string_view uri,
                           std::string_view call_id) {
    const routing::ContactToken token{routing::Side::caller, to, std::string(uri), true};
    return "sip:x@192.0.2.1:5060;transport=udp;rb=" + *tokens.seal_contact(token, call_id);
}

NoCipher::NoCipher() {
    REQUIRE(::EVP_set_default_properties(nullptr, "provider=none") == 1);
    cipher_broken = true;
}
NoCipher::~NoCipher() {
    ::EVP_set_default_properties(nullptr, "");
    cipher_broken = false;
}

routing::ClientPlace wss_client(std::uint64_t serial) {
    routing::ClientPlace place;
    place.transport = Transport::wss;
    place.flow = {0, 0, 42, serial};
    return place;
}

registration::Binding binding(std::string_view aor, std::string_view contact,
                              std::string_view server, std::uint8_t id) {
    registration::Binding made;
    made.id.bytes.fill(id);
    made.aor = aor;
    made.contact_uri = contact;
    made.server = server;
    made.flow.transport = Transport::wss;
    made.flow.listener = 1;
    made.flow.id = {0, 0, 42, id};
    return made;
}

Facts knows(std::vector<registration::Binding> by_user) {
    Facts facts;
    facts.asked_user = true;
    facts.by_user = std::move(by_user);
    return facts;
}

Facts knows_token(registration::Binding by_token, bool pending) {
    Facts facts;
    facts.asked_binding = true;
    facts.binding = std::move(by_token);
    facts.pending = pending;
    return facts;
}

std::string server_of(const Decision& decision, const config::Config& config) {
    if (decision.targets.empty())
        return {};
    const auto* to = std::get_if<routing::ToServer>(&decision.targets.front().where);
    return to == nullptr ? std::string() : config.servers[to->server].name;
}

const routing::ToClient* client_of(const Decision& decision) {
    return decision.targets.empty()
               ? nullptr
               : std::get_if<routing::ToClient>(&decision.targets.front().where);
}

} // namespace roundabout::test
