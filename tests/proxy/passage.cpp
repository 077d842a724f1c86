#include "proxy/passage.hpp"

#include "base/address_book.hpp"
#include "routing/scene_fixture.hpp"
#include "sip/parser.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <utility>

namespace roundabout::proxy::test {

namespace {

constexpr std::array transports = {Transport::udp, Transport::tcp, Transport::tls, Transport::ws,
                                   Transport::wss};

Endpoint endpoint(std::string_view address, std::uint16_t port) {
    return {*IpAddress::parse(address), port};
}

} // namespace

std::uint16_t port_of(Transport transport) noexcept {
    switch (transport) {
    case Transport::tls:
        return 5061;
    case Transport::ws:
        return 8080;
    case Transport::wss:
        return 8443;
    default:
        return 5060;
    }
}

Flow way(Transport transport, std::string_view local, std::string_view remote,
         std::uint64_t serial) {
    Flow flow;
    flow.transport = transport;
    flow.listener =
        static_cast<ListenerIndex>(std::ranges::find(transports, transport) - transports.begin());
    flow.local = endpoint(local, port_of(transport));
    flow.remote = endpoint(remote, port_of(transport));
    if (is_reliable(transport))
        flow.id = {0, 0, 1, serial};
    return flow;
}

Flow reversed(const Flow& flow) {
    Flow other = flow;
    std::swap(other.local, other.remote);
    return other;
}

Passage::Passage(std::string address, std::uint8_t secret, const std::string& name)
    : address_(std::move(address))
    , keys_(roundabout::test::test_keys({secret}))
    , tokens_(*routing::Tokens::make(keys_)) {
    for (const Transport transport : transports) {
        config::Listener listener;
        listener.transport = transport;
        listener.bind = endpoint(address_, port_of(transport));
        if (!name.empty())
            listener.advertised = {name, port_of(transport)};
        config_.listeners.push_back(std::move(listener));
    }
    config_.contact_host = config::ContactHost::fqdn;
}

void Passage::add_server(const std::string& name, const std::string& address, Transport transport,
                         bool rewrite_contact) {
    config::TrustedServer server;
    server.name = name;
    server.hosts = {address};
    server.domains = {name + ".test"};
    server.transport = transport;
    server.port = port_of(transport);
    server.rewrite_contact = rewrite_contact;
    config_.servers.push_back(std::move(server));
}

void Passage::add_client(std::string_view address) {
    config_.client_networks.push_back(*Network::parse(std::string(address) + "/32"));
}

void Passage::open() {
    snapshot_ = make_snapshot(std::make_shared<const config::Config>(config_),
                              std::make_shared<AddressBook>(), {}, tokens_);
}

Passage::Sent Passage::request(const sip::Message& request, const Flow& from) {
    const Snapshot& snapshot = *snapshot_;
    const routing::Source source =
        routing::identify(from, *snapshot.config, snapshot.servers, std::nullopt);
    routing::Scene scene{*snapshot.config, snapshot.servers, snapshot.server_hashes,
                         snapshot.machine, tokens_};
    auto outcome = routing::decide(request, source, from.listener, scene, {});
    REQUIRE(std::holds_alternative<routing::Decision>(outcome));
    Sent sent;
    sent.decision = std::get<routing::Decision>(std::move(outcome));
    INFO(words(sent.decision.rule));
    REQUIRE(sent.decision.verdict == routing::Decision::Verdict::forward);
    REQUIRE(sent.decision.targets.size() == 1);
    const routing::Target& target = sent.decision.targets.front();
    sent.to = flow_to(target, from);
    sent.in = side_of(from, place_of(source, from, snapshot), source.server, snapshot);
    sent.out = side_of(sent.to, place_of(target, sent.to, snapshot), server_of(target), snapshot);
    const routing::RequestHop hop{sent.decision, target, sent.in, sent.out, from, {}};
    sent.request = read(routing::forward_request(request, hop, tokens_, keys_)->bytes);
    return sent;
}

sip::Message Passage::response(const sip::Message& response, const Sent& sent) {
    const routing::ResponseHop hop{
        sent.decision, sent.request.method(), sent.in, sent.out.place, true, 0, {}};
    return read(routing::forward_response(response, hop, tokens_).bytes);
}

/// A server by its entry, a client by the flow that its token keeps.
Flow Passage::flow_to(const routing::Target& target, const Flow& from) const {
    if (const auto* server = std::get_if<routing::ToServer>(&target.where)) {
        const config::TrustedServer& entry = snapshot_->config->servers[server->server];
        return way(entry.transport, address_, entry.hosts.front());
    }
    const auto* client = std::get_if<routing::ToClient>(&target.where);
    REQUIRE(client != nullptr);
    Flow flow = way(client->place.transport, address_, "192.0.2.10");
    flow.id = client->place.flow;
    CHECK(client->place.listener_hash == snapshot_->listener_hashes[flow.listener]);
    CHECK(from != flow);
    return flow;
}

sip::Message read(std::string bytes) {
    INFO(bytes);
    auto message = sip::index_message(std::move(bytes), sip::Framing::datagram);
    REQUIRE(message.has_value());
    REQUIRE_FALSE(sip::check_message(*message).has_value());
    return std::move(*message);
}

} // namespace roundabout::proxy::test
