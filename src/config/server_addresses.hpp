#pragma once

#include "base/address_book.hpp"
#include "base/endpoint.hpp"
#include "config/config.hpp"

#include <span>
#include <vector>

namespace roundabout::config {

/// Which trusted servers stand behind which address: made from a configuration and an address book,
/// made anew when either is replaced. A server is recognised by all its addresses, never by source
/// port.
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

    /// All addresses of one server, in the order in which to try them; empty while unresolved.
    /// Those of the first route's host are not among them: they are no source of that server's
    /// requests unless `addresses` lists them.
    [[nodiscard]] std::span<const IpAddress> of(ServerIndex server) const noexcept;

  private:
    std::vector<Entry> by_address_; // sorted by address, then server
    std::vector<std::vector<IpAddress>> of_server_;
};

} // namespace roundabout::config
