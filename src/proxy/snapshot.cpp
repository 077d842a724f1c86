#include "proxy/snapshot.hpp"

#include <algorithm>

namespace roundabout::proxy {

ListenerIndex Snapshot::listener_by_hash(std::uint32_t hash) const noexcept {
    for (std::size_t i = 0; i < listener_hashes.size(); ++i) {
        if (listener_hashes[i] == hash && !listener_names[i].empty())
            return static_cast<ListenerIndex>(i);
    }
    return no_listener;
}

config::ServerIndex Snapshot::server_by_hash(std::uint32_t hash) const noexcept {
    const auto found = std::ranges::find(server_hashes, hash);
    return found == server_hashes.end()
               ? config::no_server
               : static_cast<config::ServerIndex>(found - server_hashes.begin());
}

ListenerIndex Snapshot::listener_by_name(std::string_view name) const noexcept {
    return name.empty() ? no_listener : listener_named(name, listener_names);
}

std::string_view Snapshot::listener_name(ListenerIndex listener) const noexcept {
    return listener < listener_names.size() ? std::string_view(listener_names[listener])
                                            : std::string_view();
}

SnapshotPtr make_snapshot(config::ConfigPtr config, AddressBookPtr book,
                          std::vector<IpAddress> machine, const routing::Tokens& tokens) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->servers = config::ServerAddresses(*config, *book);
    for (const config::Listener& listener : config->listeners) {
        snapshot->listener_names.push_back(listener.closed ? "" : listener_name(listener));
        snapshot->listener_hashes.push_back(tokens.name_hash(snapshot->listener_names.back()));
    }
    for (const config::TrustedServer& server : config->servers)
        snapshot->server_hashes.push_back(tokens.name_hash(server.name));
    snapshot->config = std::move(config);
    snapshot->book = std::move(book);
    snapshot->machine = std::move(machine);
    return snapshot;
}

ListenerIndex listener_named(std::string_view name, std::span<const std::string> names) noexcept {
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? no_listener : static_cast<ListenerIndex>(found - names.begin());
}

std::string listener_name(const config::Listener& listener) {
    return std::string(name(listener.transport)) + " " + listener.bind.to_string();
}

} // namespace roundabout::proxy
