#include "proxy/parked.hpp"

#include <algorithm>

namespace roundabout::proxy {

using registration::BindingId;

Parked::Place& Parked::Place::operator=(Place&& other) noexcept {
    if (this != &other) {
        leave();
        parked_ = std::exchange(other.parked_, nullptr);
        binding_ = other.binding_;
        worker_ = other.worker_;
        ticket_ = other.ticket_;
    }
    return *this;
}

void Parked::Place::leave() noexcept {
    Parked* const parked = std::exchange(parked_, nullptr);
    if (parked == nullptr)
        return;
    const std::scoped_lock lock(parked->mutex_);
    const auto found = parked->waiters_.find(binding_);
    std::erase_if(found->second, [this](const Waiter& waiter) {
        return waiter.worker == worker_ && waiter.ticket == ticket_;
    });
    if (found->second.empty())
        parked->waiters_.erase(found);
    --parked->size_;
}

std::optional<BindingId> Parked::Place::moved_to() const {
    if (parked_ == nullptr)
        return std::nullopt;
    const std::scoped_lock lock(parked_->mutex_);
    for (const Waiter& waiter : parked_->waiters_.at(binding_)) {
        if (waiter.worker == worker_ && waiter.ticket == ticket_)
            return waiter.moved_to;
    }
    return std::nullopt;
}

Parked::Place Parked::park(const BindingId& binding, std::uint16_t worker,
                           transport::Ticket ticket) {
    Place place;
    const std::scoped_lock lock(mutex_);
    if (closed_)
        return place;
    std::vector<Waiter>& waiters = waiters_[binding];
    if (waiters.size() >= limit)
        return place;
    waiters.push_back({worker, ticket, std::nullopt});
    ++size_;
    place.parked_ = this;
    place.binding_ = binding;
    place.worker_ = worker;
    place.ticket_ = ticket;
    return place;
}

// No change is missed: a caller of park() that looked at the table before it was changed has its
// place before the change is told here, and one that comes later finds the change in the table.
void Parked::changed(const registration::ChangeSet& changes) {
    if (size_ == 0)
        return;
    const std::scoped_lock lock(mutex_);
    for (const registration::Removal& removal : changes.removals)
        wake(removal.id, removal.replaced_by);
    for (const registration::Binding& binding : changes.upserts)
        wake(binding.id, std::nullopt);
}

void Parked::close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    for (const auto& [binding, waiters] : waiters_) {
        for (const Waiter& waiter : waiters)
            inboxes_[waiter.worker]->put(transport::LookAgain{waiter.ticket});
    }
}

void Parked::wake(const BindingId& binding, const std::optional<BindingId>& moved_to) {
    const auto found = waiters_.find(binding);
    if (found == waiters_.end())
        return;
    for (Waiter& waiter : found->second) {
        waiter.moved_to = moved_to;
        inboxes_[waiter.worker]->put(transport::LookAgain{waiter.ticket});
    }
}

} // namespace roundabout::proxy
