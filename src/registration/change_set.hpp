#pragma once

#include "registration/binding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::registration {

/// One binding that ends.
struct Removal {
    BindingId id;
    /// The REGISTER that asked for it: a binding that a later CSeq of this Call-ID has refreshed
    /// meanwhile stays (R8). Empty: ends whatever refreshed it (replacement, expiry, purge).
    std::string call_id;
    std::uint32_t cseq = 0;
    std::uint64_t version = 0; ///< given by BindingTable::apply()
    /// The binding that the same device has instead (R10).
    std::optional<BindingId> replaced_by = std::nullopt;
};

/// What one REGISTER, sweep or purge does to the bindings, as a value: applied to the table first,
/// which gives each change its version, and then written by the store.
struct ChangeSet {
    std::vector<Binding> upserts;
    std::vector<Removal> removals;

    [[nodiscard]] bool empty() const noexcept { return upserts.empty() && removals.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return upserts.size() + removals.size(); }
};

} // namespace roundabout::registration
