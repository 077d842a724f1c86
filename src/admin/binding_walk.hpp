#pragma once

#include "admin/binding_filter.hpp"
#include "registration/binding_table.hpp"
#include "registration/change_set.hpp"

#include <optional>
#include <span>
#include <vector>

namespace roundabout::admin {

/// A walk over the bindings that a filter means, a piece at a time, so that a million of them hold
/// nobody up between two pieces. A binding that exists throughout is met exactly once.
class BindingWalk {
  public:
    BindingWalk(const registration::BindingTable& table, BindingFilter filter);

    /// Those that match among the next 1000; maybe none. Nothing: the walk is over.
    [[nodiscard]] std::optional<std::vector<registration::Binding>> next(WallTime now);

  private:
    [[nodiscard]] std::vector<registration::Binding> page() const;

    const registration::BindingTable* table_;
    BindingFilter filter_;
    std::optional<registration::BindingId> after_;
    bool over_ = false;
};

/// What ends these bindings. One that the same client refreshes before it is applied stays: it is
/// not the one that was looked at.
[[nodiscard]] registration::ChangeSet removals_of(std::span<const registration::Binding> bindings);

} // namespace roundabout::admin
