#pragma once

#include "store/binding_store.hpp"

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
    void find(const registration::BindingId& /*id*/, store::Asker /*asker*/) override {}
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
    void stop() override {}
};

} // namespace roundabout::test
