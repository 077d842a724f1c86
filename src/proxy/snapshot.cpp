#include "proxy/snapshot.hpp"

#include <algorithm>

namespace roundabout::proxy {

ListenerIndex Snapshot::listener_by_hash(std::uint32_t hash) const noexcept {
    const auto found = std::ranges::find(listener_hashes, hash);
    return found == listener_hashes.end()
               ? no_listener
               : static_cast<ListenerIndex>(found - listener_hashes.begin());
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
        snapshot->listener_names.push_back(listener_name(listener));
        snapshot->listener_hashes.push_back(tokens.name_hash(snapshot->listener_names.back()));
    }
    snapshot->config = std::move(config);
    snapshot->book = std::move(book);
    snapshot->machine = std::move(machine);
    return snapshot;
}

std::string listener_name(const config::Listener& listener) {
    return std::string(name(listener.transport)) + " " + listener.bind.to_string();
}

} // namespace roundabout::proxy
