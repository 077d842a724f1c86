#pragma once

#include "store/binding_store.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace roundabout::test {

/// A worker as the store sees it: keeps what comes out of its outlet until somebody asks.
class Outcomes {
  public:
    [[nodiscard]] store::Outlet outlet();

    /// Waits for the next outcome, which must be of that kind. A test whose outcome never comes
    /// ends by its time limit.
    [[nodiscard]] store::Committed committed();
    [[nodiscard]] store::FoundRows found();
    /// What has come and nobody has asked for.
    [[nodiscard]] std::size_t waiting();
    /// How often the store called.
    [[nodiscard]] std::size_t batches();

  private:
    store::Outcome next();

    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<store::Outcome> outcomes_;
    std::size_t batches_ = 0;
};

/// What a table gives for the first registration of sample_binding(number), whose version it is.
[[nodiscard]] registration::ChangeSet upsert_of(std::uint32_t number);
[[nodiscard]] registration::ChangeSet upsert_of(registration::Binding binding);
[[nodiscard]] registration::ChangeSet removal_of(const registration::BindingId& id,
                                                 std::uint64_t version);

} // namespace roundabout::test
