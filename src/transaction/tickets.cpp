#include "transaction/tickets.hpp"

namespace roundabout::transaction {

// A number is the generation of a place, then its index. A place's generation counts up each time
// that it is closed, and starts at 1, so that no number is 0 or used twice.

OpenTicket& OpenTicket::operator=(OpenTicket&& other) noexcept {
    if (this != &other) {
        close();
        tickets_ = std::exchange(other.tickets_, nullptr);
        number_ = std::exchange(other.number_, 0);
    }
    return *this;
}

OpenTicket::~OpenTicket() { close(); }

void OpenTicket::close() noexcept {
    if (tickets_ != nullptr)
        tickets_->close(number_);
    tickets_ = nullptr;
    number_ = 0;
}

OpenTicket Tickets::open(void* mailbox, Put put) {
    if (free_.empty()) {
        // Room to free every place is made here, so that close() can't fail.
        places_.push_back({});
        free_.reserve(places_.size());
        free_.push_back(static_cast<std::uint32_t>(places_.size() - 1));
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Place& place = places_[index];
    place.mailbox = mailbox;
    place.put = put;
    return {*this, (transport::Ticket{place.generation} << 32U) | index};
}

bool Tickets::deliver(Outcome outcome) {
    const auto number = std::visit([](const auto& kind) { return kind.ticket; }, outcome);
    const Place* const place = find(number);
    return place != nullptr && place->put(place->mailbox, std::move(outcome));
}

void Tickets::close(transport::Ticket number) noexcept {
    Place* const place = find(number);
    if (place == nullptr)
        return;
    place->mailbox = nullptr;
    place->put = nullptr;
    ++place->generation;
    if (place->generation != 0) // 2^32 times: the place is used up
        free_.push_back(static_cast<std::uint32_t>(number));
}

Tickets::Place* Tickets::find(transport::Ticket number) noexcept {
    const auto index = static_cast<std::uint32_t>(number);
    const auto generation = static_cast<std::uint32_t>(number >> 32U);
    if (index >= places_.size())
        return nullptr;
    Place& place = places_[index];
    return place.put != nullptr && place.generation == generation ? &place : nullptr;
}

} // namespace roundabout::transaction
