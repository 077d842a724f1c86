#pragma once

#include "base/address_book.hpp"
#include "base/endpoint.hpp"
#include "config/config.hpp"

#include <span>
#include <string>
#include <vector>

namespace roundabout::config {

/// Where requests to a server may be sent: one of its hosts, as far as it is located.
struct ServerHost {
    std::string name; ///< as configured: what its certificate is held against
    Location location;
};

/// Which trusted servers stand behind which address, and where they are reached: made from a
/// configuration and an address book, made anew when either is replaced. A server is recognised by
/// all its addresses, of whatever SRV record and priority, never by source port.
class ServerAddresses {
  public:
    struct Entry {
        IpAddress address;
        ServerIndex server = no_server;

        friend bool operator==(const Entry&, const Entry&) = default;
    };

    ServerAddresses() = default;
    ServerAddresses(const Config& config, const AddressBook& book);

    /// The servers at `address`, in the order of the configuration; empty if none. O(log n).
    [[nodiscard]] std::span<const Entry> at(const IpAddress& address) const noexcept;

    /// The addresses that one server is recognised by; empty while unresolved. Those of the first
    /// route's host are not among them: they are no source of that server's requests unless
    /// `addresses` lists them.
    [[nodiscard]] std::span<const IpAddress> of(ServerIndex server) const noexcept;

    /// Where requests to it go, in the order to try: the first of its routes, else its hosts. A
    /// host that is not located yet has an empty location.
    [[nodiscard]] std::span<const ServerHost> hops(ServerIndex server) const noexcept;

  private:
    std::vector<Entry> by_address_; // sorted by address, then server
    std::vector<std::vector<IpAddress>> of_server_;
    std::vector<std::vector<ServerHost>> hops_;
};

} // namespace roundabout::config
