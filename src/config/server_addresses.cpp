#include "config/server_addresses.hpp"

#include "config/lookup.hpp"
#include "sip/locate.hpp"

#include <algorithm>
#include <ranges>
#include <tuple>

namespace roundabout::config {

namespace {

/// Addresses need no book.
Location location_of(const Sought& sought, const AddressBook& book) {
    if (IpAddress::parse(sought.host).has_value())
        return sip::locate(sought, [](const DnsQuestion&) { return nullptr; }).location;
    return book.find(sought);
}

void add_addresses(const Location& location, std::vector<IpAddress>& into) {
    for (const ServiceHost& host : location) {
        for (const IpAddress& address : host.addresses) {
            if (std::ranges::find(into, address) == into.end())
                into.push_back(address);
        }
    }
}

} // namespace

ServerAddresses::ServerAddresses(const Config& config, const AddressBook& book)
    : of_server_(config.servers.size())
    , hops_(config.servers.size()) {
    const TransportSet spoken = spoken_to_servers(config);
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        const TrustedServer& server = config.servers[i];
        for (const std::string& host : server.hosts) {
            hops_[i].push_back({host, location_of(sought_at(server, host, spoken), book)});
            add_addresses(hops_[i].back().location, of_server_[i]);
        }
        const NextHop route = next_hop(server);
        if (!route.host.empty()) {
            const Sought sought = sought_at(route, spoken);
            hops_[i] = {{sought.host, location_of(sought, book)}};
        }
        for (const IpAddress& address : of_server_[i])
            by_address_.push_back({address, static_cast<ServerIndex>(i)});
    }
    std::ranges::sort(by_address_, [](const Entry& a, const Entry& b) {
        return std::tie(a.address, a.server) < std::tie(b.address, b.server);
    });
}

std::span<const ServerAddresses::Entry>
ServerAddresses::at(const IpAddress& address) const noexcept {
    return std::ranges::equal_range(by_address_, address, {}, &Entry::address);
}

std::span<const IpAddress> ServerAddresses::of(ServerIndex server) const noexcept {
    return server < of_server_.size() ? std::span<const IpAddress>(of_server_[server])
                                      : std::span<const IpAddress>();
}

std::span<const ServerHost> ServerAddresses::hops(ServerIndex server) const noexcept {
    return server < hops_.size() ? std::span<const ServerHost>(hops_[server])
                                 : std::span<const ServerHost>();
}

} // namespace roundabout::config
