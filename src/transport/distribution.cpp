#include "transport/distribution.hpp"

#include <utility>

namespace roundabout::transport {

Distribution::Distribution(const Inboxes& inboxes, std::uint16_t self, Steer steer,
                           Counters& counters)
    : inboxes_(&inboxes)
    , self_(self)
    , steer_(std::move(steer))
    , counters_(&counters)
    , batches_(inboxes.size()) {}

void Distribution::add(sip::Message message, const Flow& flow) {
    std::uint16_t worker = self_;
    if (steer_ && batches_.size() > 1)
        worker = static_cast<std::uint16_t>(steer_(message) % batches_.size());
    if (worker != self_)
        counters_->steered.add();
    counters_->received.add();
    batches_[worker].emplace_back(std::in_place_type<Inbound>, std::move(message), flow);
}

void Distribution::refuse(const Flow& flow, Error why) {
    counters_->refused.add();
    batches_[self_].emplace_back(std::in_place_type<Refused>, flow, why);
}

void Distribution::flush() {
    for (std::size_t worker = 0; worker < batches_.size(); ++worker) {
        if (!batches_[worker].empty())
            counters_->inbox_full.add((*inboxes_)[worker]->put(batches_[worker]));
    }
}

} // namespace roundabout::transport
