#include "config/describe.hpp"

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

  private:
    std::string& out_;
};

std::string seconds(std::chrono::milliseconds time) {
    const auto whole = time.count() / 1000;
    const auto rest = std::to_string(1000 + time.count() % 1000);
    return std::to_string(whole) + "." + rest.substr(1);
}

std::string server_name(const Config& config, ServerIndex server) {
    return server < config.servers.size() ? config.servers[server].name : std::string();
}

void describe_top(const Config& config, Lines& lines) {
    std::vector<std::string> networks;
    networks.reserve(config.client_networks.size());
    for (const Network& network : config.client_networks)
        networks.push_back(network.to_string());
    lines.texts("domains", config.domains);
    lines.text("default_server", server_name(config, config.default_server));
    lines.flag("strict_host", config.strict_host);
    lines.flag("strict_client", config.strict_client);
    lines.texts("client_networks", networks);
    lines.text("unknown_source", config.unknown_source == UnknownSource::drop ? "drop" : "reject");
    lines.text("default_transport", name(config.default_transport));
    lines.text("ack_target", config.ack_target == AckTarget::ruri ? "ruri" : "to");
    lines.text("contact_host", config.contact_host == ContactHost::ip ? "ip" : "fqdn");
    lines.raw("workers", std::to_string(config.workers));
    lines.raw("drain", std::to_string(config.drain.count()));
    lines.texts("name_servers", config.name_servers);
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
    lines.raw("port", std::to_string(server.port));
    lines.text("transport", name(server.transport));
    lines.texts("routes", server.routes);
    if (server.transport == Transport::udp)
        lines.text("large_requests",
                   server.large_requests == LargeRequests::udp ? "udp" : "tcp-first");
    lines.flag("rewrite_contact", server.rewrite_contact);
    lines.text("contact_match", server.token_only ? "token" : "any");
    lines.texts("may_call_clients", callers);
    if (is_websocket(server.transport))
        lines.text("path", server.path);
    lines.text("ca", server.ca_file);
    lines.certificate("certificate", "key", server.client_certificate);
    lines.text("tls_name", server.tls_name);
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
    for (const Listener& listener : config.listeners)
        describe_listener(config, listener, lines);
    for (const TrustedServer& server : config.servers)
        describe_server(config, server, lines);
    describe_tls(config.tls, lines);
    lines.header("[store]");
    lines.text("path", config.store.path);
    lines.text("durability", config.store.durability == Durability::full ? "full" : "normal");
    lines.raw("wait", seconds(config.store.wait));
    if (!config.control.socket.empty()) {
        lines.header("[control]");
        lines.text("socket", config.control.socket);
        lines.text("group", config.control.group);
    }
    lines.header("[log]");
    lines.text("level", config.log.level);
    lines.flag("json", config.log.json);
    return out;
}

} // namespace roundabout::config
