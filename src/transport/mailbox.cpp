#include "transport/mailbox.hpp"

#include <utility>
#include <variant>

namespace roundabout::transport {
namespace {

bool must_arrive(const Mail& mail) noexcept {
    return std::holds_alternative<PostedClose>(mail) || std::holds_alternative<Lent>(mail) ||
           std::holds_alternative<LentIsGone>(mail);
}

} // namespace

bool Mailbox::put(std::vector<Mail>& batch) {
    const std::scoped_lock lock(mutex_);
    const bool was_empty = waiting_.empty();
    std::vector<Mail> refused;
    for (Mail& mail : batch) {
        const bool admitted = waiting_.size() < limit_ || must_arrive(mail);
        (admitted ? waiting_ : refused).push_back(std::move(mail));
    }
    batch.clear(); // its storage is used again
    if (!refused.empty())
        batch.swap(refused);
    return was_empty && !waiting_.empty();
}

void Mailbox::take(std::vector<Mail>& into) {
    into.clear();
    const std::scoped_lock lock(mutex_);
    into.swap(waiting_);
}

} // namespace roundabout::transport
