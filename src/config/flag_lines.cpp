#include "config/flag_lines.hpp"

#include <algorithm>
#include <string_view>

namespace roundabout::config {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string line_of(const DefaultListener& listener) {
    const std::string place =
        std::string(name(listener.transport)) + " " + listener.bind.to_string();
    return listener.obstacle.empty() ? "listening: " + place
                                     : "not listening: " + place + ": " + listener.obstacle;
}

std::string line_of(const TrustedServer& server) {
    return "trusted server: address " + joined(server.hosts) + ", domains " +
           joined(server.domains) + ", port " + std::to_string(server.port) + ", " +
           std::string(name(server.transport)) +
           (server.routes.empty() ? ", no routes" : ", routes " + joined(server.routes));
}

} // namespace

std::vector<std::string> flag_lines(const Config& config, const Flags& flags,
                                    const std::vector<DefaultListener>& default_listeners) {
    std::vector<std::string> lines;
    for (const DefaultListener& listener : default_listeners)
        lines.push_back(line_of(listener));
    for (const Listener& listener : config.listeners) {
        if (!default_listeners.empty() && listener.outgoing_only)
            lines.push_back("outgoing connections only: " + std::string(name(listener.transport)) +
                            " " + listener.bind.to_string() +
                            ": servers call back by the connections that are opened to them");
    }
    if (!flags.trusted_server.empty()) {
        for (const TrustedServer& server : config.servers)
            lines.push_back(line_of(server));
    }
    return lines;
}

} // namespace roundabout::config
