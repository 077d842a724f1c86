#include "config/host_syntax.hpp"
#include "config/interpret.hpp"

#include <array>
#include <vector>

namespace roundabout::config {
namespace {

void read_bind(Section& section, Listener& listener) {
    std::string text;
    if (!section.text("bind", text)) {
        if (!section.has("bind"))
            section.missing("bind", R"("0.0.0.0:5060", or the address of one interface)");
        return;
    }
    const auto host = parse_host_port(text);
    if (host && host->is_address) {
        listener.bind = {*IpAddress::parse(host->host),
                         host->port.value_or(default_port(listener.transport))};
        return;
    }
    std::string remedy = R"(write an address and a port, as "0.0.0.0:5060" or "[::]:5060")";
    if (host)
        remedy += "; a name that others reach it by goes into advertised";
    else if (const auto v6 = IpAddress::parse(text))
        remedy = "write IPv6 in brackets, as " + quoted(v6->to_host() + ":5060");
    section.error("bind", quoted(text) + " is no address to listen on", std::move(remedy));
}

void read_advertised(Section& section, Listener& listener) {
    std::string text;
    if (!section.text("advertised", text))
        return;
    auto host = parse_host_port(text);
    if (!host) {
        section.error("advertised", quoted(text) + " is neither a host nor a host with a port",
                      R"(write "sip.example.com", "192.0.2.1:5060" or "[2001:db8::1]:5060")");
        return;
    }
    const auto address = IpAddress::parse(host->host);
    if (address && address->is_unspecified()) {
        section.error("advertised", "nobody can reach " + quoted(text),
                      "write the host that the other side must use to reach this listener");
        return;
    }
    listener.advertised = {std::move(host->host), host->port.value_or(listener.bind.port)};
}

void read_serves(Section& section, Listener& listener) {
    std::vector<std::string> words;
    if (!section.texts("serves", words))
        return;
    listener.serves_clients = listener.serves_servers = false;
    const std::string remedy = R"(write ["clients"], ["servers"] or ["clients", "servers"])";
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "clients")
            listener.serves_clients = true;
        else if (words[i] == "servers")
            listener.serves_servers = true;
        else
            section.error("serves[" + std::to_string(i) + "]",
                          quoted(words[i]) + R"( is neither "clients" nor "servers")", remedy);
    }
    if (words.empty())
        section.error("serves", "the list is empty, so the listener would serve nobody", remedy);
}

void read_websocket(Section& section, Listener& listener) {
    read_path(section, listener.path);
    section.texts("origins", listener.origins);
    for (std::size_t i = 0; i < listener.origins.size(); ++i) {
        const std::string& origin = listener.origins[i];
        const std::size_t scheme = origin.find("://");
        const bool whole = scheme != std::string::npos && scheme != 0 &&
                           origin.find('/', scheme + 3) == std::string::npos &&
                           origin.size() > scheme + 3;
        if (!whole)
            section.error("origins[" + std::to_string(i) + "]", quoted(origin) + " is no origin",
                          R"(write scheme and host without a path, as "https://example.com")");
    }
}

void read_certificates(Section& section, Listener& listener) {
    constexpr std::string_view example = R"([{ certificate = "a.pem", key = "a.key" }])";
    const auto tables = section.tables("certificates", example);
    for (std::size_t i = 0; i < tables.size(); ++i) {
        const std::string key = "certificates[" + std::to_string(i) + "]";
        Section item(*tables[i], section.path_of(key), section.report());
        std::optional<Certificate> certificate;
        read_certificate(item, "certificate", "key", certificate);
        if (!item.has("certificate") && !item.has("key"))
            item.missing("certificate", R"("file.pem", and key = "file.key")");
        if (certificate)
            listener.certificates.push_back(std::move(*certificate));
        item.finish();
    }
    if (!section.has("certificates"))
        return;
    if (section.has("certificate"))
        section.error("certificates", "stands beside certificate",
                      "move that certificate and its key into the list, in front");
    else if (tables.empty() && !section.report().is_faulty_below(section.path_of("certificates")))
        section.error("certificates", "the list is empty",
                      "write certificates = " + std::string(example));
}

// What serves servers alone asks of itself; a browser would bother its user.
void read_client_certificates(Section& section, Listener& listener) {
    static constexpr std::array<std::string_view, 3> words{"none", "optional", "required"};
    const bool servers_only = listener.serves_servers && !listener.serves_clients;
    if (const auto word = section.choice("client_certificates", words))
        listener.client_certificates = static_cast<ClientCertificates>(*word);
    else if (servers_only && is_secure(listener.transport))
        listener.client_certificates = ClientCertificates::optional;
    if (section.file("client_ca", listener.client_ca_file) &&
        listener.client_certificates == ClientCertificates::none)
        section.error("client_ca", "no client is asked for a certificate here",
                      R"(write client_certificates = "optional" or "required" beside it)");
}

} // namespace

void interpret_listener(Section& section, const Config& config, Listener& listener) {
    static constexpr std::array<std::string_view, 2> websocket_only{"path", "origins"};
    static constexpr std::array<std::string_view, 5> secure_only{
        "certificate", "key", "certificates", "client_certificates", "client_ca"};
    static constexpr std::array<std::string_view, 2> stream_only{"proxy_protocol", "outgoing_only"};
    read_transport(section, "transport", listener.transport);
    if (!section.has("transport"))
        section.missing("transport", R"("udp", "tcp", "tls", "ws" or "wss")");
    read_bind(section, listener);
    read_advertised(section, listener);
    section.flag("outgoing_only", listener.outgoing_only);
    listener.serves_clients = !listener.outgoing_only;
    read_serves(section, listener);
    read_server_name(section, "default_server", config, listener.default_server);
    read_certificate(section, "certificate", "key", listener.certificate);
    read_certificates(section, listener);
    section.flag("proxy_protocol", listener.proxy_protocol);
    read_client_certificates(section, listener);
    read_websocket(section, listener);
    if (!section.report().is_faulty(section.path_of("transport"))) {
        if (!is_websocket(listener.transport))
            refuse_keys(section, websocket_only, listener.transport, "ws and wss");
        if (!is_secure(listener.transport))
            refuse_keys(section, secure_only, listener.transport, "tls and wss");
        if (!is_reliable(listener.transport))
            refuse_keys(section, stream_only, listener.transport, "tcp, tls, ws and wss");
    }
    section.finish();
}

} // namespace roundabout::config
