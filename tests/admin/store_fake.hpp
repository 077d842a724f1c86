#pragma once

#include "store/binding_store.hpp"

#include <set>
#include <span>
#include <utility>
#include <vector>

namespace roundabout::test {

/// A store that keeps what it is asked to write and answers when the test says so.
class StoreFake final : public store::BindingStore {
  public:
    struct Commit {
        registration::ChangeSet changes;
        store::Asker asker;
    };
    std::vector<Commit> commits;
    /// Called by each commit, after it has been kept.
    std::function<void(const Commit&)> on_commit;

    void commit(registration::ChangeSet changes, store::Asker asker) override {
        commits.push_back({std::move(changes), asker});
        if (on_commit)
            on_commit(commits.back());
    }
    void find(store::Lookup lookup, store::Asker asker) override {
        lookups.emplace_back(std::move(lookup), asker);
    }
    void subscribe(store::Subscriber /*subscriber*/) override {}
    store::StoreResult<store::LoadSummary>
    load(WallTime /*now*/, std::size_t /*page_size*/,
         const std::function<void(std::vector<registration::Binding>)>& /*page*/) override {
        return store::LoadSummary{};
    }
    [[nodiscard]] store::StoreCounts counts() const override {
        store::StoreCounts counts;
        counts.commits = 42;
        return counts;
    }
    [[nodiscard]] store::StoreHealth health() const override { return {}; }
    [[nodiscard]] std::vector<bool>
    unwritten(std::span<const registration::BindingId> ids) const override {
        std::vector<bool> unwritten;
        for (const registration::BindingId& id : ids)
            unwritten.push_back(volatile_ids.contains(id));
        return unwritten;
    }
    void stop() override {}

    std::vector<std::pair<store::Lookup, store::Asker>> lookups;
    std::set<registration::BindingId> volatile_ids;
};

} // namespace roundabout::test
