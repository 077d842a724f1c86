#include "admin/binding_walk.hpp"

#include <utility>

namespace roundabout::admin {

using registration::Binding;

namespace {
constexpr std::size_t page_size = 1000;
} // namespace

BindingWalk::BindingWalk(const registration::BindingTable& table, BindingFilter filter)
    : table_(&table)
    , filter_(std::move(filter)) {}

std::vector<Binding> BindingWalk::page() const {
    if (!filter_.id)
        return table_->page(after_, page_size);
    std::vector<Binding> only;
    std::optional<registration::Found> found = table_->find(*filter_.id);
    if (found && !found->pending)
        only.push_back(std::move(found->binding));
    return only;
}

std::optional<std::vector<Binding>> BindingWalk::next(WallTime now) {
    if (over_)
        return std::nullopt;
    std::vector<Binding> met = page();
    over_ = met.empty() || filter_.id;
    if (!met.empty())
        after_ = met.back().id;
    std::erase_if(met, [&](const Binding& binding) { return !matches(filter_, binding, now); });
    return met;
}

registration::ChangeSet removals_of(std::span<const Binding> bindings) {
    registration::ChangeSet changes;
    changes.removals.reserve(bindings.size());
    for (const Binding& binding : bindings)
        changes.removals.push_back({binding.id, binding.call_id, binding.cseq, 0});
    return changes;
}

} // namespace roundabout::admin
