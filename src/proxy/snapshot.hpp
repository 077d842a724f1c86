#pragma once

#include "base/address_book.hpp"
#include "base/endpoint.hpp"
#include "config/config.hpp"
#include "config/server_addresses.hpp"
#include "routing/tokens.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::proxy {

/// One configuration with everything that follows from it at one instant. Immutable: replaced whole
/// when DNS or a reload changes it; a request keeps the one it started with.
struct Snapshot {
    config::ConfigPtr config;
    AddressBookPtr book;
    config::ServerAddresses servers;
    std::vector<IpAddress> machine;          ///< this machine's addresses
    std::vector<std::string> listener_names; ///< "udp 192.0.2.1:5060", by ListenerIndex;
                                             ///< empty: closed
    std::vector<std::uint32_t> listener_hashes;
    std::vector<std::uint32_t>
        server_hashes; ///< of their names, as tokens carry them; by ServerIndex

    /// The server that a token knows by that hash; no_server if it has left the configuration.
    /// O(servers).
    [[nodiscard]] config::ServerIndex server_by_hash(std::uint32_t hash) const noexcept;

    /// The listener that a token or a stored binding knows by that hash; no_listener if it is gone.
    [[nodiscard]] ListenerIndex listener_by_hash(std::uint32_t hash) const noexcept;
    /// As a stored binding names it; no_listener if it is gone.
    [[nodiscard]] ListenerIndex listener_by_name(std::string_view name) const noexcept;
    /// Empty for a listener that the configuration does not have.
    [[nodiscard]] std::string_view listener_name(ListenerIndex listener) const noexcept;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

[[nodiscard]] SnapshotPtr make_snapshot(config::ConfigPtr config, AddressBookPtr book,
                                        std::vector<IpAddress> machine,
                                        const routing::Tokens& tokens);

/// Where `name` stands in `names`; no_listener if it does not.
[[nodiscard]] ListenerIndex listener_named(std::string_view name,
                                           std::span<const std::string> names) noexcept;

/// What outlives a restart as the name of a listener: its transport and bound address.
[[nodiscard]] std::string listener_name(const config::Listener& listener);

} // namespace roundabout::proxy
