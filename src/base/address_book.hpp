#pragma once

#include "base/location.hpp"

#include <map>
#include <memory>

namespace roundabout {

/// Where everything was at one instant that is looked for all the time. Never changed once made:
/// the resolver replaces it whole. What could not be located yet is absent.
struct AddressBook {
    std::map<Sought, Location> locations;

    /// Empty if unknown. Lives as long as the book. O(log n).
    [[nodiscard]] const Location& find(const Sought& sought) const noexcept {
        static const Location nowhere;
        const auto found = locations.find(sought);
        return found == locations.end() ? nowhere : found->second;
    }
};

using AddressBookPtr = std::shared_ptr<const AddressBook>;

} // namespace roundabout
