#include "transport/inbox.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace roundabout::transport {
namespace {

bool from_network(const Arrival& arrival) noexcept {
    return std::holds_alternative<Inbound>(arrival) || std::holds_alternative<Refused>(arrival) ||
           std::holds_alternative<TurnedAway>(arrival);
}

} // namespace

Inbox::Inbox(std::function<void()> wake, std::size_t limit)
    : wake_(std::move(wake))
    , limit_(limit) {}

bool Inbox::admits(const Arrival& arrival) const noexcept {
    return received_ < limit_ || !from_network(arrival);
}

void Inbox::keep(Arrival&& arrival) {
    if (from_network(arrival))
        ++received_;
    waiting_.push_back(std::move(arrival));
}

bool Inbox::put(Arrival arrival) {
    bool first = false;
    {
        const std::scoped_lock lock(mutex_);
        if (!admits(arrival))
            return false;
        first = waiting_.empty();
        keep(std::move(arrival));
    }
    if (first)
        wake_();
    return true;
}

std::size_t Inbox::put(std::vector<Arrival>& batch) {
    bool first = false;
    std::size_t refused = 0;
    {
        const std::scoped_lock lock(mutex_);
        const bool was_empty = waiting_.empty();
        if (was_empty && batch.size() <= limit_) { // then received_ is 0
            waiting_.swap(batch);
            received_ = static_cast<std::size_t>(std::ranges::count_if(waiting_, from_network));
        }
        for (Arrival& arrival : batch) {
            if (admits(arrival))
                keep(std::move(arrival));
            else
                ++refused;
        }
        first = was_empty && !waiting_.empty();
    }
    batch.clear();
    if (first)
        wake_();
    return refused;
}

bool Inbox::full() const {
    const std::scoped_lock lock(mutex_);
    return received_ >= limit_;
}

void Inbox::take(std::vector<Arrival>& into) {
    into.clear();
    const std::scoped_lock lock(mutex_);
    received_ = 0;
    into.swap(waiting_);
}

} // namespace roundabout::transport
