#include "config/flags.hpp"

#include "base/ascii.hpp"
#include "config/host_syntax.hpp"
#include "config/lookup.hpp"
#include "config/trusted_server_flag.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace roundabout::config {
namespace {

using Value = decltype(Node::value);

constexpr std::string_view default_mask = "24";
constexpr std::string_view default_mask_v6 = "64";
constexpr std::size_t longest_name = 60; // of a server, with room for a number

Entry& entry(Table& table, std::string_view key) {
    const auto found = std::ranges::find(table, key, &Entry::key);
    if (found != table.end())
        return *found;
    table.push_back({std::string(key), {}, {}});
    return table.back();
}

void put(Table& table, std::string_view key, Value value) {
    entry(table, key).value = {{}, std::move(value)};
}

void drop(Table& table, std::string_view key) {
    std::erase_if(table, [key](const Entry& each) { return each.key == key; });
}

// The [section] of that name, made where there is none.
Table& section(Table& document, std::string_view key) {
    Entry& found = entry(document, key);
    if (!std::holds_alternative<Table>(found.value.value))
        found.value = {{}, Table{}};
    return std::get<Table>(found.value.value);
}

List list_of(const std::vector<std::string>& texts) {
    List list;
    for (const std::string& text : texts)
        list.push_back({{}, text});
    return list;
}

std::vector<std::string> split(const std::vector<std::string>& words) {
    std::vector<std::string> parts;
    for (std::string_view word : words) {
        while (true) {
            const std::size_t comma = word.find(',');
            parts.emplace_back(word.substr(0, comma));
            if (comma == std::string_view::npos)
                break;
            word.remove_prefix(comma + 1);
        }
    }
    return parts;
}

/// One pass of flags over a document.
class Laying {
  public:
    Laying(Table& document, const Flags& flags, const FlagScene& scene, Report& report)
        : document_(document)
        , flags_(flags)
        , scene_(scene)
        , report_(report) {}

    std::vector<DefaultListener> run() {
        policy();
        local_fqdn();
        clients();
        servers();
        tls();
        places();
        return listeners();
    }

  private:
    void give(std::string_view key, std::string_view flag, Value value) {
        put(document_, key, std::move(value));
        report_.given_by(std::string(key), std::string(flag));
    }
    // A switch; where it is absent beside a file, the file's word counts.
    void give_switch(std::string_view key, std::string_view flag, bool given, Value on, Value off) {
        if (given || scene_.alone)
            give(key, flag, given ? std::move(on) : std::move(off));
    }
    void fault(std::string_view flag, std::string message, std::string remedy) {
        const std::string path = "flag " + std::string(flag);
        report_.given_by(path, std::string(flag));
        report_.error(path, std::move(message), std::move(remedy));
    }

    void policy() {
        give_switch("strict_host", "-strict-host", flags_.strict_host, true, false);
        give_switch("strict_client", "-strict-client", flags_.strict_client, true, false);
        give_switch("ack_target", "-ack-ruri", flags_.ack_ruri, std::string("ruri"),
                    std::string("to"));
        give_switch("contact_host", "-contact-header-fqdn", flags_.contact_header_fqdn,
                    std::string("fqdn"), std::string("ip"));
        if (flags_.default_network && !parse_transport(*flags_.default_network))
            fault("-default-network", quoted(*flags_.default_network) + " is no network",
                  "write udp, tcp, tls, ws or wss");
        else if (flags_.default_network)
            give("default_transport", "-default-network", ascii::to_lower(*flags_.default_network));
        if (scene_.alone && !scene_.state_folder.empty())
            put(section(document_, "store"), "path", scene_.state_folder + "/clients.db");
        if (scene_.alone && !scene_.run_folder.empty())
            put(section(document_, "control"), "socket", scene_.run_folder + "/control.sock");
    }

    void local_fqdn() {
        const std::vector<std::string> names = split(flags_.local_fqdn);
        if (!names.empty())
            give("domains", "-local-fqdn", list_of(names));
        if (flags_.contact_header_fqdn && names.empty() && scene_.alone)
            fault("-contact-header-fqdn", "there is no name that a Contact could carry",
                  "add -local-fqdn");
    }

    void clients() {
        std::string mask(flags_.trusted_client_mask.value_or(std::string(default_mask)));
        const auto bits = ascii::to_number<std::uint8_t>(mask);
        if (!bits || *bits > 32) {
            fault("-trusted-client-mask", quoted(mask) + " is no mask",
                  "write the number of bits that count, from 0 to 32");
            mask = default_mask;
        }
        std::vector<std::string> networks;
        for (const std::string& text : split(flags_.trusted_client_ip)) {
            const auto address = IpAddress::parse(text);
            networks.push_back(!address
                                   ? text
                                   : address->to_string() + "/" +
                                         (address->is_v4() ? mask : std::string(default_mask_v6)));
            if (!Network::parse(networks.back()))
                fault("-trusted-client-ip", quoted(text) + " is neither an address nor a network",
                      "write addresses or networks between commas, as 192.0.2.7,198.51.100.0/24");
        }
        std::erase_if(networks, [](const std::string& text) { return !Network::parse(text); });
        if (!networks.empty() || scene_.alone)
            give("client_networks", "-trusted-client-ip", list_of(networks));
    }

    void servers() {
        List list;
        for (const std::string& word : flags_.trusted_server) {
            const Datasets datasets = parse_trusted_servers(word);
            for (const DatasetFault& found : datasets.faults)
                fault("-trusted-server",
                      "dataset " + quoted(found.dataset) + ": " + std::string(found.field) + ": " +
                          found.message,
                      found.remedy);
            for (const Dataset& dataset : datasets.taken)
                list.push_back({{}, server(dataset, list)});
        }
        if (!flags_.trusted_server.empty())
            give("server", "-trusted-server", std::move(list));
        else if (scene_.alone)
            report_.given_by("server", "-trusted-server");
        if (flags_.default_sip_server)
            drop(document_, "default_server"); // finish_flags() sets it
    }

    Table server(const Dataset& dataset, const List& others) const {
        Table table;
        const Transport network = dataset.network.value_or(default_network());
        put(table, "name", name_of(dataset, others));
        if (!dataset.ip.empty())
            put(table, "addresses", list_of({dataset.ip}));
        if (!dataset.fqdns.empty())
            put(table, "domains", list_of(dataset.fqdns));
        if (dataset.port)
            put(table, "port", std::int64_t{*dataset.port});
        put(table, "transport", std::string(name(network)));
        std::vector<std::string> routes;
        for (const std::string& route : dataset.routes)
            routes.push_back(parse_host_port(route)
                                 ? "sip:" + route +
                                       ";transport=" + std::string(uri_parameter(network)) + ";lr"
                                 : route);
        put(table, "routes", list_of(routes));
        return table;
    }

    [[nodiscard]] Transport default_network() const {
        const auto network = parse_transport(flags_.default_network.value_or("tcp"));
        return network ? *network : Transport::tcp;
    }

    // Its first domain, else its address: what registrations are kept under.
    static std::string name_of(const Dataset& dataset, const List& others) {
        std::string stem = dataset.fqdns.empty() ? dataset.ip : dataset.fqdns.front();
        std::erase_if(stem, [](char c) { return c == '[' || c == ']'; });
        std::ranges::replace(stem, ':', '-');
        stem.resize(std::min(stem.size(), longest_name));
        const auto is_taken = [&others](const std::string& name) {
            return std::ranges::any_of(others, [&](const Node& other) {
                const Entry& first = std::get<Table>(other.value).front();
                return std::get<std::string>(first.value.value) == name;
            });
        };
        std::string name = stem;
        for (int number = 2; is_taken(name); ++number)
            name = stem + "-" + std::to_string(number);
        return name;
    }

    void tls() {
        const auto place = [this](const std::string& file) {
            return file.starts_with('/') ? file : scene_.folder + "/" + file;
        };
        if (!flags_.tls_key && !flags_.tls_cert)
            return;
        if (scene_.alone && flags_.tls_key.has_value() != flags_.tls_cert.has_value())
            return fault(flags_.tls_key ? "-tls-cert" : "-tls-key", "is missing",
                         "add it: key and certificate need each other");
        Table& table = section(document_, "tls");
        const auto give_file = [&](const char* key, const char* flag, const std::string& file) {
            put(table, key, place(file));
            report_.given_by(std::string("tls.") + key, flag);
        };
        if (flags_.tls_cert)
            give_file("certificate", "-tls-cert", *flags_.tls_cert);
        if (flags_.tls_key)
            give_file("key", "-tls-key", *flags_.tls_key);
    }

    void places() {
        if (!flags_.local_ip.empty() || scene_.alone)
            report_.given_by("listen", "-local-ip");
        for (const std::string& text : split(flags_.local_ip)) {
            const auto address = IpAddress::parse(text);
            if (address)
                places_.push_back(*address);
            else
                report_.error("listen", quoted(text) + " is no address",
                              "write addresses between commas, as 192.0.2.1,2001:db8::1");
        }
        if (flags_.local_ip.empty() && scene_.alone)
            places_ = {IpAddress::v4({}), IpAddress::v6({})};
    }

    std::vector<DefaultListener> listeners() {
        std::vector<DefaultListener> all;
        List list;
        for (const IpAddress& place : places_) {
            for (const Transport transport : all_transports) {
                DefaultListener listener{transport, {place, default_port(transport)}, {}};
                listener.obstacle = obstacle(listener);
                if (listener.obstacle.empty())
                    list.push_back({{}, table_of(listener)});
                all.push_back(std::move(listener));
            }
        }
        if (!all.empty())
            put(document_, "listen", std::move(list));
        return all;
    }

    std::string obstacle(const DefaultListener& listener) {
        if (is_secure(listener.transport)) {
            const Table& table = section(document_, "tls");
            const bool certified = std::ranges::any_of(
                table, [](const Entry& each) { return each.key == "certificate"; });
            if (!certified)
                return "no certificate is given (-tls-cert, -tls-key)";
        }
        return scene_.probe ? scene_.probe(listener.transport, listener.bind) : std::string();
    }

    [[nodiscard]] Table table_of(const DefaultListener& listener) const {
        Table table;
        put(table, "transport", std::string(name(listener.transport)));
        put(table, "bind", listener.bind.to_string());
        const std::vector<std::string> names = split(flags_.local_fqdn);
        if (flags_.contact_header_fqdn && !names.empty())
            put(table, "advertised", names.front() + ":" + std::to_string(listener.bind.port));
        return table;
    }

    Table& document_;
    const Flags& flags_;
    const FlagScene& scene_;
    Report& report_;
    std::vector<IpAddress> places_;
};

bool is_named(const TrustedServer& server, const HostPort& wanted) {
    const auto normal = normal_host(wanted.host, true);
    const auto bare = normal_host(wanted.host, false);
    return (!wanted.port || *wanted.port == server.port) &&
           (std::ranges::find(server.domains, normal.value_or("")) != server.domains.end() ||
            std::ranges::find(server.hosts, bare.value_or("")) != server.hosts.end());
}

void set_default_server(Config& config, const std::string& word, Report& report) {
    report.given_by("default_server", "-default-sip-server");
    const auto bare = IpAddress::parse(word);
    const auto wanted = parse_host_port(bare ? bare->to_host() : word);
    const auto found = std::ranges::find_if(config.servers, [&wanted](const TrustedServer& server) {
        return wanted && is_named(server, *wanted);
    });
    if (found != config.servers.end())
        config.default_server = static_cast<ServerIndex>(found - config.servers.begin());
    else
        report.error("default_server", quoted(word) + " is none of the trusted servers",
                     "write the address of one of them");
}

// A server whose transport nobody can reach us by may still be called, by connections that we open;
// what it has to say comes back by them.
void add_outgoing(Config& config, const std::vector<DefaultListener>& default_listeners) {
    for (const TrustedServer& server : config.servers) {
        if (server.hosts.empty())
            continue;
        const NextHop hop = next_hop(server);
        const auto address =
            IpAddress::parse(hop.host.empty() ? std::string_view(server.hosts.front()) : hop.host);
        for (const DefaultListener& each : default_listeners) {
            const bool wanted = each.transport == hop.transport && is_reliable(hop.transport) &&
                                (!address || each.bind.address.is_v6() == address->is_v6());
            const bool there = std::ranges::any_of(config.listeners, [&](const Listener& other) {
                return other.transport == hop.transport &&
                       other.bind.address.is_v6() == each.bind.address.is_v6();
            });
            if (!wanted || there)
                continue;
            Listener listener;
            listener.outgoing_only = true;
            listener.transport = each.transport;
            listener.bind = each.bind;
            listener.serves_clients = false;
            if (config.contact_host == ContactHost::fqdn && !config.domains.empty())
                listener.advertised = {config.domains.front(), each.bind.port};
            config.listeners.push_back(std::move(listener));
        }
    }
}

} // namespace

std::vector<DefaultListener> lay_over(Table& document, const Flags& flags, const FlagScene& scene,
                                      Report& report) {
    return Laying(document, flags, scene, report).run();
}

void finish_flags(Config& config, const Flags& flags,
                  const std::vector<DefaultListener>& default_listeners, Report& report) {
    if (flags.default_sip_server)
        set_default_server(config, *flags.default_sip_server, report);
    add_outgoing(config, default_listeners);
}

} // namespace roundabout::config
