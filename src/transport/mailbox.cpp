#include "transport/mailbox.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace roundabout::transport {

bool Mailbox::put(std::vector<Mail>& batch) {
    const std::scoped_lock lock(mutex_);
    const bool was_empty = waiting_.empty();
    const std::size_t room = limit_ - std::min(limit_, waiting_.size());
    const auto end = batch.begin() + static_cast<std::ptrdiff_t>(std::min(room, batch.size()));
    waiting_.insert(waiting_.end(), std::make_move_iterator(batch.begin()),
                    std::make_move_iterator(end));
    batch.erase(batch.begin(), end);
    return was_empty && !waiting_.empty();
}

void Mailbox::take(std::vector<Mail>& into) {
    into.clear();
    const std::scoped_lock lock(mutex_);
    into.swap(waiting_);
}

} // namespace roundabout::transport
