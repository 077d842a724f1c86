#pragma once

#include "base/time.hpp"
#include "transaction/fsm/actions.hpp"
#include "transaction/fsm/timers.hpp"

#include <cstdint>

namespace roundabout::transaction::fsm {

/// The INVITE client transaction (RFC 3261 §17.1.1, figure 5, as amended by RFC 6026 §7.2, §8.4).
/// No timer, no message: events in, actions and a deadline out. The shell sends the request when it
/// creates the machine; afterwards it calls `deadline_reached()` once `deadline()` has come.
class InviteClient {
  public:
    enum class State : std::uint8_t { calling, proceeding, completed, accepted, terminated };

    InviteClient(Delivery delivery, TimePoint now, const Timers& timers) noexcept;

    /// A response with this status. A 1xx and the first final response are passed up, every 2xx is
    /// (R26); each 300 to 699 is acknowledged, only the first is passed up.
    [[nodiscard]] Actions response(std::uint16_t status, TimePoint now) noexcept;

    /// Timers A, B, D, M, and the bound after a CANCEL. Nothing happens before `deadline()`.
    [[nodiscard]] Actions deadline_reached(TimePoint now) noexcept;

    /// The transport could not send the request or the ACK (RFC 3261 §17.1.4).
    [[nodiscard]] Actions transport_failed() noexcept;

    /// A CANCEL may leave now: a 1xx came and no final response yet (RFC 3261 §9.1; R20).
    [[nodiscard]] bool may_cancel() const noexcept { return state_ == State::proceeding; }
    /// A CANCEL has left: a final response must come within 64*T1 (RFC 3261 §9.1). Counts once.
    void cancel_sent(TimePoint now) noexcept;

    /// When the next timer fires; `never` if none runs.
    [[nodiscard]] TimePoint deadline() const noexcept;
    [[nodiscard]] State state() const noexcept { return state_; }

  private:
    [[nodiscard]] Actions terminate(Actions actions) noexcept;

    Timers timers_;
    Delivery delivery_;
    State state_ = State::calling;
    Duration interval_;       ///< of Timer A, when it fires next
    TimePoint retransmit_at_; ///< Timer A
    TimePoint give_up_at_;    ///< Timer B, the bound after a CANCEL, Timer D or Timer M
};

} // namespace roundabout::transaction::fsm
