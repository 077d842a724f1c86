#include "config/succession.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace roundabout::config {
namespace {

constexpr std::size_t most_places = 0xFFFF;

bool is_same_place(const Listener& a, const Listener& b) {
    return a.transport == b.transport && a.bind == b.bind;
}

void close(Listener& listener) {
    Listener closed;
    closed.closed = true;
    closed.transport = listener.transport;
    closed.bind = listener.bind;
    closed.serves_clients = false;
    closed.serves_servers = false;
    listener = std::move(closed);
}

bool place_listeners(Config& next, const Config& running) {
    std::vector<Listener> placed = running.listeners;
    std::vector<bool> taken(placed.size());
    for (Listener& listener : next.listeners) {
        std::size_t at = 0;
        while (at < placed.size() && (taken[at] || !is_same_place(placed[at], listener)))
            ++at;
        if (at == placed.size()) {
            placed.emplace_back();
            taken.push_back(false);
        }
        placed[at] = std::move(listener);
        taken[at] = true;
    }
    for (std::size_t i = 0; i < placed.size(); ++i) {
        if (!taken[i])
            close(placed[i]);
    }
    next.listeners = std::move(placed);
    return next.listeners.size() < most_places;
}

bool place_client_tls(Config& next, const Config& running) {
    std::vector<ClientTls> placed = running.client_tls;
    for (ClientTls& each : placed)
        each.used = false;
    placed.front() = next.client_tls.front();
    for (TrustedServer& server : next.servers) {
        const ClientTls& wanted = next.client_tls[server.tls_profile];
        const auto found = std::ranges::find_if(placed, [&](const ClientTls& each) {
            return each.server == wanted.server && each.ca_file == wanted.ca_file &&
                   each.certificate == wanted.certificate;
        });
        server.tls_profile = static_cast<std::uint16_t>(found - placed.begin());
        if (found == placed.end())
            placed.push_back(wanted);
        placed[server.tls_profile].used = true;
    }
    next.client_tls = std::move(placed);
    return next.client_tls.size() < most_places;
}

/// Keeps the running value of what can't change under the workers.
class Fixed {
  public:
    explicit Fixed(std::vector<std::string>& changed)
        : changed_(changed) {}

    template <class Value>
    void keep(std::string_view key, Value& next, const Value& running) {
        if (next == running)
            return;
        changed_.emplace_back(key);
        next = running;
    }

  private:
    std::vector<std::string>& changed_;
};

std::vector<std::string> keep_fixed(Config& next, const Config& running) {
    std::vector<std::string> changed;
    Fixed fixed(changed);
    fixed.keep("workers", next.workers, running.workers);
    fixed.keep("name_servers", next.name_servers, running.name_servers);
    fixed.keep("limits.sources", next.limits.sources, running.limits.sources);
    fixed.keep("limits.backlog", next.limits.backlog, running.limits.backlog);
    fixed.keep("limits.udp_receive_buffer", next.limits.udp_receive_buffer,
               running.limits.udp_receive_buffer);
    fixed.keep("limits.udp_send_buffer", next.limits.udp_send_buffer,
               running.limits.udp_send_buffer);
    fixed.keep("store.path", next.store.path, running.store.path);
    fixed.keep("store.durability", next.store.durability, running.store.durability);
    fixed.keep("store.wait", next.store.wait, running.store.wait);
    fixed.keep("control.socket", next.control.socket, running.control.socket);
    fixed.keep("control.group", next.control.group, running.control.group);
    fixed.keep("metrics.enabled", next.metrics.enabled, running.metrics.enabled);
    fixed.keep("metrics.bind", next.metrics.bind, running.metrics.bind);
    return changed;
}

} // namespace

void number_client_tls(Config& config) {
    const auto or_general = [](const auto& own, const auto& general, bool has_own) {
        return has_own ? own : general;
    };
    config.client_tls = {{"", config.tls.ca_file, config.tls.client_certificate, true}};
    for (TrustedServer& server : config.servers) {
        server.tls_profile = static_cast<std::uint16_t>(config.client_tls.size());
        config.client_tls.push_back(
            {server.name, or_general(server.ca_file, config.tls.ca_file, !server.ca_file.empty()),
             or_general(server.client_certificate, config.tls.client_certificate,
                        server.client_certificate.has_value()),
             true});
    }
}

std::optional<Succession> succeed(Config next, const Config& running) {
    Succession succession;
    if (!place_listeners(next, running) || !place_client_tls(next, running))
        return std::nullopt;
    succession.after_restart = keep_fixed(next, running);
    succession.config = std::move(next);
    return succession;
}

} // namespace roundabout::config
