#pragma once

#include "base/endpoint.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout {

/// The addresses that hosts had at one instant. Never changed once made: the resolver replaces it
/// whole. A host that could not be resolved yet is absent.
struct AddressBook {
    std::map<std::string, std::vector<IpAddress>, std::less<>> hosts;

    /// Empty if unknown. `host` in lower case, IPv6 without brackets, as in the configuration. The
    /// view lives as long as the book.
    [[nodiscard]] std::span<const IpAddress> addresses(std::string_view host) const noexcept {
        const auto found = hosts.find(host);
        return found == hosts.end() ? std::span<const IpAddress>() : found->second;
    }
};

using AddressBookPtr = std::shared_ptr<const AddressBook>;

} // namespace roundabout
