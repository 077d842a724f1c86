#include "config/server_addresses.hpp"

#include <algorithm>
#include <ranges>
#include <tuple>

namespace roundabout::config {

ServerAddresses::ServerAddresses(const Config& config, const AddressBook& book)
    : of_server_(config.servers.size()) {
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        std::vector<IpAddress>& own = of_server_[i];
        for (const std::string& host : config.servers[i].hosts) {
            const auto numeric = IpAddress::parse(host);
            const auto known =
                numeric ? std::span<const IpAddress>(&*numeric, 1) : book.addresses(host);
            for (const IpAddress& address : known) {
                if (std::ranges::find(own, address) == own.end())
                    own.push_back(address);
            }
        }
        for (const IpAddress& address : own)
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

} // namespace roundabout::config
