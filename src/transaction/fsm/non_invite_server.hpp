#pragma once

#include "base/time.hpp"
#include "transaction/fsm/actions.hpp"
#include "transaction/fsm/timers.hpp"

#include <cstdint>

namespace roundabout::transaction::fsm {

/// The non-INVITE server transaction (RFC 3261 §17.2.2, figure 8). Created by the request. It sends
/// no 100 by itself (RFC 4320 §4.1; R24); that a proxy never answers 408 to a non-INVITE (RFC 4320
/// §4.2) is the transaction user's business, which then ends it by `abandon()`.
class NonInviteServer {
  public:
    enum class State : std::uint8_t { trying, proceeding, completed, terminated };

    NonInviteServer(Delivery delivery, TimePoint now, const Timers& timers) noexcept;

    /// The request came again: answered by the last response; absorbed where there is none.
    [[nodiscard]] Actions request_again() const noexcept;

    /// The transaction user has a response; after a final one every other is discarded.
    [[nodiscard]] Actions respond(std::uint16_t status, TimePoint now) noexcept;

    /// Timer J. Nothing happens before `deadline()`.
    [[nodiscard]] Actions deadline_reached(TimePoint now) noexcept;

    /// A response could not be sent, its backup way included: the user is told, the state remains
    /// (RFC 6026 §8.8).
    [[nodiscard]] Actions transport_failed() const noexcept;

    /// When the next timer fires; `never` if none runs.
    [[nodiscard]] TimePoint deadline() const noexcept { return end_at_; }
    [[nodiscard]] State state() const noexcept { return state_; }

  private:
    Timers timers_;
    Delivery delivery_;
    State state_ = State::trying;
    TimePoint end_at_ = never; ///< Timer J
};

} // namespace roundabout::transaction::fsm
