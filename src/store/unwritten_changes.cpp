#include "store/unwritten_changes.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::store {

using registration::Binding;
using registration::BindingId;
using registration::ChangeSet;
using registration::Removal;

void UnwrittenChanges::add(Change change) {
    const auto version = [](const Change& of) {
        return std::visit([](const auto& is) { return is.version; }, of);
    };
    const BindingId id = std::visit([](const auto& is) { return is.id; }, change);
    const auto [at, is_new] = changes_.try_emplace(id, std::move(change));
    // try_emplace leaves `change` alone where it finds something.
    if (!is_new && version(at->second) < version(change))
        at->second = std::move(change);
}

void UnwrittenChanges::add(ChangeSet changes) {
    for (Binding& binding : changes.upserts)
        add(Change(std::move(binding)));
    for (Removal& removal : changes.removals)
        add(Change(std::move(removal)));
}

ChangeSet UnwrittenChanges::take() {
    ChangeSet all;
    for (auto& [id, change] : changes_) {
        if (auto* binding = std::get_if<Binding>(&change))
            all.upserts.push_back(std::move(*binding));
        else
            all.removals.push_back(std::move(std::get<Removal>(change)));
    }
    changes_.clear();
    return all;
}

void UnwrittenVersions::add(const ChangeSet& changes) {
    const auto note = [this](const auto& change) {
        std::uint64_t& newest = newest_[change.id];
        newest = std::max(newest, change.version);
    };
    std::ranges::for_each(changes.upserts, note);
    std::ranges::for_each(changes.removals, note);
}

void UnwrittenVersions::written(const ChangeSet& changes) {
    const auto forget = [this](const auto& change) {
        const auto found = newest_.find(change.id);
        if (found != newest_.end() && found->second <= change.version)
            newest_.erase(found);
    };
    std::ranges::for_each(changes.upserts, forget);
    std::ranges::for_each(changes.removals, forget);
}

void RecentRemovals::remember(const Removal& removal) {
    std::uint64_t& version = recent_[removal.id];
    version = std::max(version, removal.version);
}

void RecentRemovals::turn() { older_ = std::exchange(recent_, {}); }

bool RecentRemovals::overtakes(const Binding& binding) const {
    for (const Versions* versions : {&recent_, &older_}) {
        const auto found = versions->find(binding.id);
        if (found != versions->end() && found->second > binding.version)
            return true;
    }
    return false;
}

ChangeSet RecentRemovals::drop_overtaken(ChangeSet& changes) const {
    ChangeSet kept;
    ChangeSet dropped;
    for (Binding& binding : changes.upserts)
        (overtakes(binding) ? dropped : kept).upserts.push_back(std::move(binding));
    changes.upserts = std::move(kept.upserts);
    return dropped;
}

} // namespace roundabout::store
