#include "config/interpret.hpp"

#include "base/ascii.hpp"
#include "config/host_syntax.hpp"
#include "config/limit_keys.hpp"
#include "config/spelling.hpp"

#include <array>
#include <cmath>
#include <vector>

namespace roundabout::config {
namespace {

constexpr std::int64_t most_workers = 1024;
constexpr std::int64_t most_drain = 3600;
constexpr double most_park = 60;
// Past Timer F (32 s, RFC 3261 §17.1.2.2) the client that waits for its 2xx has given up.
constexpr double most_wait = 30;
constexpr double most_memory = 3600;
constexpr double least_silence = 0.5; // T1: sooner no answer can be late
constexpr double most_silence = 32;   // Timers B and F: then the transaction itself has given up

void read_policy(Section& top, Config& config) {
    static constexpr std::array<std::string_view, 2> sources{"drop", "reject"};
    static constexpr std::array<std::string_view, 2> ack_targets{"ruri", "to"};
    static constexpr std::array<std::string_view, 2> contact_hosts{"ip", "fqdn"};
    top.flag("strict_host", config.strict_host);
    top.flag("strict_client", config.strict_client);
    if (const auto word = top.choice("unknown_source", sources))
        config.unknown_source = static_cast<UnknownSource>(*word);
    if (const auto word = top.choice("ack_target", ack_targets))
        config.ack_target = static_cast<AckTarget>(*word);
    if (const auto word = top.choice("contact_host", contact_hosts))
        config.contact_host = static_cast<ContactHost>(*word);
    read_transport(top, "default_transport", config.default_transport);
}

void read_networks(Section& top, std::string_view key, std::vector<Network>& into) {
    std::vector<std::string> texts;
    top.texts(key, texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (const auto network = Network::parse(texts[i]))
            into.push_back(*network);
        else
            top.error(
                std::string(key) + "[" + std::to_string(i) + "]",
                quoted(texts[i]) + " is no network",
                R"(write an address and a prefix length, as "10.0.0.0/8" or "2001:db8::/32")");
    }
}

void read_domains(Section& top, std::vector<std::string>& into) {
    std::vector<std::string> texts;
    top.texts("domains", texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (auto host = normal_host(texts[i], true))
            into.push_back(std::move(*host));
        else
            top.error("domains[" + std::to_string(i) + "]", quoted(texts[i]) + " is no host name",
                      R"(write a name without scheme and port, as "proxy.example.com")");
    }
}

void read_name_servers(Section& top, std::vector<std::string>& into) {
    std::vector<std::string> texts;
    top.texts("name_servers", texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        // Both spellings of IPv6 without a port are clear here.
        const auto bare = IpAddress::parse(texts[i]);
        const auto host = parse_host_port(bare ? bare->to_host() : texts[i]);
        if (host && host->is_address)
            into.push_back(host->host + ":" + std::to_string(host->port.value_or(53)));
        else
            top.error("name_servers[" + std::to_string(i) + "]",
                      quoted(texts[i]) + " is no address of a name server",
                      R"(write "127.0.0.1", "127.0.0.1:53" or "[::1]:53")");
    }
}

void read_metrics(Section& section, Metrics& metrics) {
    std::string text;
    if (section.text("bind", text)) {
        const auto bind = Endpoint::parse(text);
        metrics.enabled = true;
        if (bind && bind->port != 0)
            metrics.bind = *bind;
        else
            section.error("bind", quoted(text) + " is no address with a port",
                          R"(write "127.0.0.1:9506" or "[::1]:9506")");
    }
    section.flag("enabled", metrics.enabled);
}

void read_sections(Section& top, Config& config) {
    if (const Table* table = top.table("limits")) {
        Section limits(*table, "limits", top.report());
        interpret_limits(limits, config.limits);
        limits.finish();
    }
    if (const Table* table = top.table("tls")) {
        Section tls(*table, "tls", top.report());
        read_certificate(tls, "certificate", "key", config.tls.certificate);
        tls.file("ca", config.tls.ca_file);
        read_certificate(tls, "client_certificate", "client_key", config.tls.client_certificate);
        tls.finish();
    }
    if (const Table* table = top.table("store")) {
        static constexpr std::array<std::string_view, 2> durabilities{"full", "normal"};
        Section store(*table, "store", top.report());
        store.file("path", config.store.path);
        if (const auto word = store.choice("durability", durabilities))
            config.store.durability = static_cast<Durability>(*word);
        read_seconds(store, "wait", 0.1, most_wait, config.store.wait);
        static constexpr std::array<std::string_view, 2> ways{"pass", "503"};
        if (const auto word = store.choice("on_failure", ways))
            config.store.on_failure = static_cast<OnStoreFailure>(*word);
        store.finish();
    }
    if (const Table* table = top.table("control")) {
        Section control(*table, "control", top.report());
        control.file("socket", config.control.socket);
        control.text("group", config.control.group);
        control.finish();
    }
    if (const Table* table = top.table("metrics")) {
        Section metrics(*table, "metrics", top.report());
        read_metrics(metrics, config.metrics);
        metrics.finish();
    }
    if (const Table* table = top.table("log")) {
        static constexpr std::array<std::string_view, 5> levels{"trace", "debug", "info", "warning",
                                                                "error"};
        Section log(*table, "log", top.report());
        if (const auto word = log.choice("level", levels))
            config.log.level = levels.at(*word);
        log.flag("json", config.log.json);
        log.finish();
    }
}

void read_servers(Section& top, Config& config) {
    std::vector<Section> sections;
    for (const Table* table : top.tables("server")) {
        const std::string path = "server[" + std::to_string(sections.size()) + "]";
        sections.emplace_back(*table, path, top.report());
        interpret_server(sections.back(), config.servers.emplace_back());
    }
    // A second pass: a server may be named before it is described.
    for (std::size_t i = 0; i < sections.size(); ++i) {
        std::vector<std::string> names;
        sections[i].texts("may_call_clients", names);
        for (std::size_t j = 0; j < names.size(); ++j) {
            const ServerIndex other = find_server(
                sections[i], "may_call_clients[" + std::to_string(j) + "]", config, names[j]);
            if (other != no_server)
                config.servers[i].may_call_clients.push_back(other);
        }
        sections[i].finish();
    }
}

} // namespace

void read_seconds(Section& section, std::string_view key, double least, double most,
                  std::chrono::milliseconds& into) {
    if (const auto seconds = section.number(key, least, most))
        into = std::chrono::milliseconds(static_cast<std::int64_t>(std::lround(*seconds * 1000)));
}

Config interpret(const Table& document, Report& report) {
    Config config;
    Section top(document, "", report);
    read_domains(top, config.domains);
    read_servers(top, config);
    read_server_name(top, "default_server", config, config.default_server);
    read_policy(top, config);
    read_networks(top, "client_networks", config.client_networks);
    read_networks(top, "trusted_proxies", config.trusted_proxies);
    if (const auto count = top.integer("workers", 0, most_workers))
        config.workers = static_cast<unsigned>(*count);
    if (const auto seconds = top.number("park", 0, most_park))
        config.park =
            std::chrono::milliseconds(static_cast<std::int64_t>(std::lround(*seconds * 1000)));
    if (const auto seconds = top.integer("drain", 0, most_drain))
        config.drain = std::chrono::seconds(*seconds);
    read_name_servers(top, config.name_servers);
    read_seconds(top, "retry_failed_after", 0, most_memory, config.retry_failed_after);
    read_seconds(top, "try_next_after", least_silence, most_silence, config.try_next_after);
    for (const Table* table : top.tables("listen")) {
        const std::string path = "listen[" + std::to_string(config.listeners.size()) + "]";
        Section section(*table, path, report);
        interpret_listener(section, config, config.listeners.emplace_back());
    }
    read_sections(top, config);
    top.finish();
    return config;
}

void read_transport(Section& section, std::string_view key, Transport& into) {
    static constexpr std::array<std::string_view, 5> words{"udp", "tcp", "tls", "ws", "wss"};
    if (const auto word = section.choice(key, words))
        into = all_transports[*word];
}

void read_certificate(Section& section, std::string_view chain_key, std::string_view key_key,
                      std::optional<Certificate>& into) {
    Certificate certificate;
    section.file(chain_key, certificate.chain_file);
    section.file(key_key, certificate.key_file);
    const bool chain = section.has(chain_key);
    const bool key = section.has(key_key);
    if (chain != key)
        section.missing(chain ? key_key : chain_key,
                        "\"file.pem\" beside " + std::string(chain ? chain_key : key_key));
    else if (!certificate.chain_file.empty() && !certificate.key_file.empty())
        into = std::move(certificate);
}

void read_path(Section& section, std::string& into) {
    std::string path;
    if (!section.text("path", path))
        return;
    if (path.starts_with('/'))
        into = std::move(path);
    else
        section.error("path", quoted(path) + " does not start with a slash",
                      "write path = " + quoted("/" + path));
}

ServerIndex find_server(Section& section, std::string_view key, const Config& config,
                        std::string_view name) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        if (config.servers[i].name == name)
            return static_cast<ServerIndex>(i);
        names.push_back(config.servers[i].name);
    }
    const std::string_view meant = nearest(name, names);
    section.error(key, "there is no server named " + quoted(name),
                  meant.empty() ? "add a [[server]] of that name, or name one that is there"
                                : "write " + quoted(meant));
    return no_server;
}

void read_server_name(Section& section, std::string_view key, const Config& config,
                      ServerIndex& into) {
    std::string name;
    if (section.text(key, name))
        into = find_server(section, key, config, name);
}

void refuse_keys(Section& section, std::span<const std::string_view> keys, Transport transport,
                 std::string_view where_useful) {
    for (const std::string_view key : keys) {
        if (section.has(key))
            section.error(key, "means nothing for " + std::string(name(transport)),
                          "leave it out; it is for " + std::string(where_useful));
    }
}

} // namespace roundabout::config
