#include "config/describe.hpp"

#include "config/limit_keys.hpp"
#include "config/lookup.hpp"

#include <array>
#include <cstdio>
#include <string_view>

namespace roundabout::config {
namespace {

// A basic string of TOML 1.0 (§String): what may not stand there as it is becomes \uXXXX.
std::string literal(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\u%04X", static_cast<unsigned>(c));
            out += escaped.data();
        } else {
            out += c;
        }
    }
    return out + "\"";
}

// Writes "key = value" lines; empty texts, which no key takes, are left out.
class Lines {
  public:
    explicit Lines(std::string& out)
        : out_(out) {}

    void header(std::string_view name) { out_ += "\n" + std::string(name) + "\n"; }
    void text(std::string_view key, std::string_view value) {
        if (!value.empty())
            raw(key, literal(value));
    }
    void flag(std::string_view key, bool value) { raw(key, value ? "true" : "false"); }
    void raw(std::string_view key, std::string_view value) {
        out_.append(key).append(" = ").append(value).append("\n");
    }
    void texts(std::string_view key, const std::vector<std::string>& values) {
        std::string list;
        for (const std::string& value : values)
            list += (list.empty() ? "" : ", ") + literal(value);
        raw(key, "[" + list + "]");
    }
    void certificate(std::string_view chain_key, std::string_view key_key,
                     const std::optional<Certificate>& pair) {
        if (!pair)
            return;
        text(chain_key, pair->chain_file);
        text(key_key, pair->key_file);
    }

    void certificates(std::string_view key, const std::vector<Certificate>& all) {
        std::string list;
        for (const Certificate& each : all)
            list += (list.empty() ? "" : ", ") + std::string("{ certificate = ") +
                    literal(each.chain_file) + ", key = " + literal(each.key_file) + " }";
        if (!list.empty())
            raw(key, "[" + list + "]");
    }

  private:
    std::string& out_;
};

std::string server_name(const Config& config, ServerIndex server) {
    return server < config.servers.size() ? config.servers[server].name : std::string();
}

std::vector<std::string> texts_of(const std::vector<Network>& networks) {
    std::vector<std::string> texts;
    texts.reserve(networks.size());
    for (const Network& network : networks)
        texts.push_back(network.to_string());
    return texts;
}

void describe_top(const Config& config, Lines& lines) {
    lines.texts("domains", config.domains);
    lines.text("default_server", server_name(config, config.default_server));
    lines.flag("strict_host", config.strict_host);
    lines.flag("strict_client", config.strict_client);
    lines.texts("client_networks", texts_of(config.client_networks));
    lines.texts("trusted_proxies", texts_of(config.trusted_proxies));
    lines.text("unknown_source", config.unknown_source == UnknownSource::drop ? "drop" : "reject");
    lines.text("default_transport", name(config.default_transport));
    lines.text("ack_target", config.ack_target == AckTarget::ruri ? "ruri" : "to");
    lines.text("contact_host", config.contact_host == ContactHost::ip ? "ip" : "fqdn");
    lines.raw("workers", std::to_string(config.workers));
    lines.raw("park", seconds_text(config.park));
    lines.raw("drain", std::to_string(config.drain.count()));
    lines.texts("name_servers", config.name_servers);
    lines.raw("retry_failed_after", seconds_text(config.retry_failed_after));
    lines.raw("try_next_after", seconds_text(config.try_next_after));
}

void describe_listener(const Config& config, const Listener& listener, Lines& lines) {
    std::vector<std::string> serves;
    if (listener.serves_clients)
        serves.emplace_back("clients");
    if (listener.serves_servers)
        serves.emplace_back("servers");
    lines.header("[[listen]]");
    lines.text("transport", name(listener.transport));
    lines.text("bind", listener.bind.to_string());
    if (listener.advertised)
        lines.text("advertised",
                   listener.advertised->host + ":" + std::to_string(listener.advertised->port));
    lines.texts("serves", serves);
    lines.text("default_server", server_name(config, listener.default_server));
    lines.certificate("certificate", "key", listener.certificate);
    lines.certificates("certificates", listener.certificates);
    if (is_reliable(listener.transport)) {
        lines.flag("proxy_protocol", listener.proxy_protocol);
        lines.flag("outgoing_only", listener.outgoing_only);
    }
    if (is_secure(listener.transport)) {
        static constexpr std::array<std::string_view, 3> words{"none", "optional", "required"};
        lines.text("client_certificates",
                   words[static_cast<std::size_t>(listener.client_certificates)]);
        lines.text("client_ca", listener.client_ca_file);
    }
    if (is_websocket(listener.transport)) {
        lines.text("path", listener.path);
        lines.texts("origins", listener.origins);
    }
}

void describe_server(const Config& config, const TrustedServer& server, Lines& lines) {
    std::vector<std::string> callers;
    callers.reserve(server.may_call_clients.size());
    for (const ServerIndex other : server.may_call_clients)
        callers.push_back(server_name(config, other));
    lines.header("[[server]]");
    lines.text("name", server.name);
    lines.texts("addresses", server.hosts);
    lines.texts("domains", server.domains);
    // To print a default that DNS may override would fix it.
    if (server.fixed_port || !has_host_name(server))
        lines.raw("port", std::to_string(server.port));
    if (!asks_for_transport(server))
        lines.text("transport", name(server.transport));
    lines.texts("routes", server.routes);
    if (server.transport == Transport::udp)
        lines.text("large_requests",
                   server.large_requests == LargeRequests::udp ? "udp" : "tcp-first");
    lines.flag("rewrite_contact", server.rewrite_contact);
    lines.text("contact_match", server.token_only ? "token" : "any");
    lines.texts("may_call_clients", callers);
    lines.text("register_as", server.register_as == RegisterAs::contact ? "contact" : "path");
    lines.raw("probe", seconds_text(server.probe));
    if (is_websocket(server.transport))
        lines.text("path", server.path);
    lines.text("ca", server.ca_file);
    lines.certificate("certificate", "key", server.client_certificate);
    lines.text("tls_name", server.tls_name);
    if (is_secure(server.transport))
        lines.flag("verify_inbound", server.verify_inbound);
    if (is_reliable(server.transport)) {
        static constexpr std::array<std::string_view, 3> words{"never", "alias", "always"};
        lines.text("reuse_inbound", words[static_cast<std::size_t>(server.reuse_inbound)]);
    }
}

void describe_tls(const Tls& tls, Lines& lines) {
    if (!tls.certificate && !tls.client_certificate && tls.ca_file.empty())
        return;
    lines.header("[tls]");
    lines.certificate("certificate", "key", tls.certificate);
    lines.text("ca", tls.ca_file);
    lines.certificate("client_certificate", "client_key", tls.client_certificate);
}

} // namespace

std::string describe(const Config& config) {
    std::string out;
    Lines lines(out);
    describe_top(config, lines);
    for (const Listener& listener : config.listeners) {
        if (!listener.closed)
            describe_listener(config, listener, lines);
    }
    for (const TrustedServer& server : config.servers)
        describe_server(config, server, lines);
    lines.header("[limits]");
    for (const auto& [key, value] : describe_limits(config.limits))
        lines.raw(key, value);
    describe_tls(config.tls, lines);
    lines.header("[store]");
    lines.text("path", config.store.path);
    lines.text("durability", config.store.durability == Durability::full ? "full" : "normal");
    lines.raw("wait", seconds_text(config.store.wait));
    lines.text("on_failure", config.store.on_failure == OnStoreFailure::pass ? "pass" : "503");
    if (!config.control.socket.empty()) {
        lines.header("[control]");
        lines.text("socket", config.control.socket);
        lines.text("group", config.control.group);
    }
    lines.header("[metrics]");
    lines.flag("enabled", config.metrics.enabled);
    lines.text("bind", config.metrics.bind.to_string());
    lines.header("[log]");
    lines.text("level", config.log.level);
    lines.flag("json", config.log.json);
    return out;
}

} // namespace roundabout::config
