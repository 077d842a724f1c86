#include "config/host_syntax.hpp"
#include "config/interpret.hpp"
#include "config/lookup.hpp"

#include <algorithm>
#include <array>

namespace roundabout::config {
namespace {

constexpr double most_probe = 3600;

void read_hosts(Section& section, std::string_view key, bool brackets,
                std::vector<std::string>& into) {
    std::vector<std::string> texts;
    section.texts(key, texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (auto host = normal_host(texts[i], brackets)) {
            into.push_back(std::move(*host));
            continue;
        }
        const auto with_port = parse_host_port(texts[i]);
        const bool has_port = with_port && with_port->port;
        section.error(std::string(key) + "[" + std::to_string(i) + "]",
                      quoted(texts[i]) + " is neither an address nor a host name",
                      has_port ? "write " + quoted(with_port->host) + " here and port = " +
                                     std::to_string(*with_port->port) + " beside it"
                               : R"(write "192.0.2.10", "2001:db8::10" or "pbx.example.com")");
    }
}

// Each of the two stands in for the other.
void complete_hosts(TrustedServer& server) {
    if (server.hosts.empty()) {
        for (const std::string& domain : server.domains)
            server.hosts.push_back(normal_host(domain, false).value_or(domain));
    } else if (server.domains.empty()) {
        for (const std::string& host : server.hosts)
            server.domains.push_back(normal_host(host, true).value_or(host));
    }
}

void read_reuse_inbound(Section& section, TrustedServer& server) {
    static constexpr std::array<std::string_view, 3> reuses{"never", "alias", "always"};
    if (is_secure(server.transport))
        server.reuse_inbound = ReuseInbound::alias;
    const auto word = section.choice("reuse_inbound", reuses);
    if (!word)
        return;
    server.reuse_inbound = static_cast<ReuseInbound>(*word);
    if (server.reuse_inbound == ReuseInbound::alias && is_reliable(server.transport) &&
        !is_secure(server.transport))
        section.error("reuse_inbound", "without TLS nobody proves whose connection it is",
                      R"(write "always" if the address is proof enough, or "never")");
}

void read_transport_details(Section& section, TrustedServer& server) {
    static constexpr std::array<std::string_view, 2> large{"udp", "tcp-first"};
    static constexpr std::array<std::string_view, 1> udp_only{"large_requests"};
    static constexpr std::array<std::string_view, 1> websocket_only{"path"};
    static constexpr std::array<std::string_view, 1> stream_only{"reuse_inbound"};
    static constexpr std::array<std::string_view, 5> secure_only{"ca", "certificate", "key",
                                                                 "tls_name", "verify_inbound"};
    const bool known =
        !section.report().is_faulty(section.path_of("transport")) && !asks_for_transport(server);
    if (const auto word = section.choice("large_requests", large))
        server.large_requests = static_cast<LargeRequests>(*word);
    read_path(section, server.path);
    section.file("ca", server.ca_file);
    read_certificate(section, "certificate", "key", server.client_certificate);
    if (section.text("tls_name", server.tls_name) && !is_host_name(server.tls_name) &&
        !IpAddress::parse(server.tls_name))
        section.error("tls_name", quoted(server.tls_name) + " is no host name",
                      "write the name that stands in the server's certificate");
    section.flag("verify_inbound", server.verify_inbound);
    read_reuse_inbound(section, server);
    if (!known)
        return;
    if (server.transport != Transport::udp)
        refuse_keys(section, udp_only, server.transport, "udp");
    else
        refuse_keys(section, stream_only, server.transport, "tcp, tls, ws and wss");
    if (!is_websocket(server.transport))
        refuse_keys(section, websocket_only, server.transport, "ws and wss");
    if (!is_secure(server.transport))
        refuse_keys(section, secure_only, server.transport, "tls and wss");
}

} // namespace

void interpret_server(Section& section, TrustedServer& server) {
    static constexpr std::array<std::string_view, 2> matches{"any", "token"};
    static constexpr std::array<std::string_view, 2> ways{"contact", "path"};
    if (!section.text("name", server.name) && !section.has("name"))
        section.missing("name", R"("pbx", a short name of your choice)");
    read_hosts(section, "addresses", false, server.hosts);
    read_hosts(section, "domains", true, server.domains);
    complete_hosts(server);
    if (!section.has("addresses") && !section.has("domains"))
        section.missing("addresses", "[\"192.0.2.10\"], or a host name");
    read_transport(section, "transport", server.transport);
    server.fixed_transport = section.has("transport");
    server.port = default_port(server.transport);
    if (const auto port = section.integer("port", 1, 65535))
        server.port = static_cast<std::uint16_t>(*port);
    server.fixed_port = section.has("port");
    section.texts("routes", server.routes);
    section.flag("rewrite_contact", server.rewrite_contact);
    read_seconds(section, "probe", 0, most_probe, server.probe);
    if (const auto word = section.choice("contact_match", matches))
        server.token_only = *word == 1;
    if (const auto word = section.choice("register_as", ways))
        server.register_as = static_cast<RegisterAs>(*word);
    read_transport_details(section, server);
}

} // namespace roundabout::config
