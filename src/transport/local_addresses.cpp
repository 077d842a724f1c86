#include "transport/local_addresses.hpp"

#include "transport/socket_address.hpp"

#include <algorithm>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>

namespace roundabout::transport {
namespace {

bool is_link_local(const sockaddr* address) {
    if (address->sa_family != AF_INET6)
        return false;
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) != 0;
}

IpAddress address_of(const sockaddr* address) {
    sockaddr_storage storage{};
    const std::size_t size =
        address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&storage, address, size);
    return to_endpoint(storage).address;
}

} // namespace

std::vector<IpAddress> local_addresses() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0)
        return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, &::freeifaddrs);
    std::vector<IpAddress> addresses;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const sockaddr* address = entry->ifa_addr;
        const bool usable = address != nullptr && (entry->ifa_flags & IFF_UP) != 0 &&
                            (address->sa_family == AF_INET || address->sa_family == AF_INET6) &&
                            !is_link_local(address);
        if (!usable)
            continue;
        const IpAddress found = address_of(address);
        if (std::ranges::find(addresses, found) == addresses.end())
            addresses.push_back(found);
    }
    return addresses;
}

} // namespace roundabout::transport
