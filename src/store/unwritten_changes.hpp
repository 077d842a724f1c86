#pragma once

#include "registration/change_set.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <variant>

namespace roundabout::store {

/// The newest change of each binding that is not on disk yet, whatever order they come in. Changes
/// of several workers can overtake each other on their way here; the version tells. Not locked by
/// itself.
class UnwrittenChanges {
  public:
    /// New ones, or what could not be written and comes back after newer ones.
    void add(registration::ChangeSet changes);
    /// All of them; none are left.
    [[nodiscard]] registration::ChangeSet take();

    [[nodiscard]] std::size_t size() const noexcept { return changes_.size(); }
    [[nodiscard]] bool empty() const noexcept { return changes_.empty(); }

  private:
    using Change = std::variant<registration::Binding, registration::Removal>;
    void add(Change change);

    std::unordered_map<registration::BindingId, Change> changes_;
};

/// Which bindings have a change that is not on disk, wherever on its way that is. Not locked by
/// itself.
class UnwrittenVersions {
  public:
    void add(const registration::ChangeSet& changes);
    /// These are on disk, or overtaken by what is.
    void written(const registration::ChangeSet& changes);

    [[nodiscard]] bool has(const registration::BindingId& id) const { return newest_.contains(id); }
    [[nodiscard]] std::size_t size() const noexcept { return newest_.size(); }

  private:
    std::unordered_map<registration::BindingId, std::uint64_t> newest_;
};

/// The removals of the last while, for a change that is older than one and arrives after it was
/// written: the row that would have told is gone. Two generations, so that each is remembered for
/// one to two times the time between turns.
class RecentRemovals {
  public:
    void remember(const registration::Removal& removal);
    /// Forgets the older half.
    void turn();
    /// Takes out of `changes` what a remembered removal has overtaken, and gives it.
    registration::ChangeSet drop_overtaken(registration::ChangeSet& changes) const;

  private:
    [[nodiscard]] bool overtakes(const registration::Binding& binding) const;

    using Versions = std::unordered_map<registration::BindingId, std::uint64_t>;
    Versions recent_;
    Versions older_;
};

} // namespace roundabout::store
