#pragma once

#include "base/time.hpp"
#include "transaction/fsm/actions.hpp"
#include "transaction/fsm/timers.hpp"

#include <cstdint>

namespace roundabout::transaction::fsm {

/// The non-INVITE client transaction (RFC 3261 §17.1.2, figure 6), our own CANCEL included. The
/// shell sends the request when it creates the machine; afterwards it calls `deadline_reached()`
/// once `deadline()` has come.
class NonInviteClient {
  public:
    enum class State : std::uint8_t { trying, proceeding, completed, terminated };

    NonInviteClient(Delivery delivery, TimePoint now, const Timers& timers) noexcept;

    /// A response with this status: every 1xx and the first final one are passed up.
    [[nodiscard]] Actions response(std::uint16_t status, TimePoint now) noexcept;

    /// Timers E, F and K. Nothing happens before `deadline()`.
    [[nodiscard]] Actions deadline_reached(TimePoint now) noexcept;

    /// The transport could not send the request (RFC 3261 §17.1.4).
    [[nodiscard]] Actions transport_failed() noexcept;

    /// When the next timer fires; `never` if none runs.
    [[nodiscard]] TimePoint deadline() const noexcept;
    [[nodiscard]] State state() const noexcept { return state_; }

  private:
    [[nodiscard]] Actions terminate(Actions actions) noexcept;

    Timers timers_;
    Delivery delivery_;
    State state_ = State::trying;
    Duration interval_;       ///< of Timer E, when it fires next
    TimePoint retransmit_at_; ///< Timer E
    TimePoint give_up_at_;    ///< Timer F, then Timer K
};

} // namespace roundabout::transaction::fsm
