#include "store/outcomes.hpp"

#include "registration/binding_fixture.hpp"

#include <utility>

namespace roundabout::test {

store::Outlet Outcomes::outlet() {
    return [this](std::vector<store::Outcome> batch) {
        {
            const std::scoped_lock lock(mutex_);
            ++batches_;
            for (store::Outcome& outcome : batch)
                outcomes_.push_back(std::move(outcome));
        }
        came_.notify_all();
    };
}

store::Outcome Outcomes::next() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return !outcomes_.empty(); });
    store::Outcome outcome = std::move(outcomes_.front());
    outcomes_.pop_front();
    return outcome;
}

store::Committed Outcomes::committed() { return std::get<store::Committed>(next()); }

store::FoundRows Outcomes::found() { return std::get<store::FoundRows>(next()); }

std::size_t Outcomes::waiting() {
    const std::scoped_lock lock(mutex_);
    return outcomes_.size();
}

std::size_t Outcomes::batches() {
    const std::scoped_lock lock(mutex_);
    return batches_;
}

registration::ChangeSet upsert_of(registration::Binding binding) {
    registration::ChangeSet changes;
    changes.upserts.push_back(std::move(binding));
    return changes;
}

registration::ChangeSet upsert_of(std::uint32_t number) {
    return upsert_of(storable_binding(number));
}

registration::ChangeSet removal_of(const registration::BindingId& id, std::uint64_t version) {
    registration::ChangeSet changes;
    changes.removals.push_back({id, {}, 0, version});
    return changes;
}

} // namespace roundabout::test
