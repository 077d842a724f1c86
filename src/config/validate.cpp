#include "config/validate.hpp"

#include "config/limit_keys.hpp"
#include "config/lookup.hpp"

#include <algorithm>

namespace roundabout::config {
namespace {

bool serves_clients(const Listener& listener) { return listener.serves_clients; }

void warn_of_open_doors(const Config& config, Report& report) {
    if (!config.strict_host)
        report.warning("strict_host",
                       "is off: requests to any host whatever are relayed, by " +
                           std::string(name(config.default_transport)) +
                           ", for everybody who may send here",
                       report.remedy("strict_host", "write strict_host = true unless this is meant",
                                     "add -strict-host unless this is meant"));
    if (!config.strict_client)
        report.warning(
            "strict_client", "is off: clients from any address may register through this proxy",
            report.remedy("strict_client",
                          "write strict_client = true and list client_networks unless this is "
                          "meant",
                          "add -strict-client and -trusted-client-ip unless this is meant"));
    const bool open_to_all =
        std::ranges::any_of(config.client_networks, [](const Network& network) {
            const std::string text = network.to_string();
            return text.ends_with("/0");
        });
    if (config.strict_client && open_to_all)
        report.warning("client_networks",
                       "holds a network of every address: clients from anywhere may register",
                       "list the networks that clients are in");
}

void warn_of_idleness(const Config& config, Report& report) {
    if (config.servers.empty() && config.strict_host)
        report.warning("server", "there is no [[server]]: every request will be refused",
                       report.remedy("server", "describe at least one trusted server",
                                     "add one as IP:FQDNS:PORT:NETWORK:ROUTES"));
    const bool expects_clients =
        config.default_server != no_server ||
        std::ranges::any_of(config.listeners, [](const Listener& listener) {
            return serves_clients(listener) &&
                   (is_websocket(listener.transport) || !listener.serves_servers);
        });
    if (expects_clients && config.strict_client && config.client_networks.empty())
        report.warning("client_networks", "is empty: no client may register",
                       report.remedy("client_networks",
                                     R"(list the networks that clients are in, as ["10.0.0.0/8"])",
                                     "add the addresses that clients are at, if there are any"));
}

void validate_store(const Config& config, Report& report) {
    if (!config.control.group.empty() && config.control.socket.empty())
        report.error("control.group", "there is no socket that it could own",
                     R"(write socket = "/run/roundabout/control.sock" beside it)");
}

} // namespace

std::string listener_path(std::size_t index) { return "listen[" + std::to_string(index) + "]"; }
std::string server_path(std::size_t index) { return "server[" + std::to_string(index) + "]"; }

void validate(const Config& config, Report& report) {
    validate_listeners(config, report);
    validate_servers(config, report);
    validate_store(config, report);
    validate_limits(config.limits, report);
    warn_of_open_doors(config, report);
    warn_of_idleness(config, report);
}

} // namespace roundabout::config
