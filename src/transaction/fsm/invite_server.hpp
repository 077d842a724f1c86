#pragma once

#include "base/time.hpp"
#include "transaction/fsm/actions.hpp"
#include "transaction/fsm/timers.hpp"

#include <cstdint>

namespace roundabout::transaction::fsm {

/// The INVITE server transaction (RFC 3261 §17.2.1, figure 7, as amended by RFC 6026 §7.1, §8.7).
/// Created by the INVITE. The shell calls `deadline_reached()` once `deadline()` has come.
class InviteServer {
  public:
    enum class State : std::uint8_t { proceeding, completed, confirmed, accepted, terminated };

    InviteServer(Delivery delivery, TimePoint now, const Timers& timers) noexcept;

    /// The INVITE came again: answered by the last response, if there is one, while Proceeding or
    /// Completed; absorbed otherwise.
    [[nodiscard]] Actions request_again() const noexcept;

    /// An ACK that matches: it ends the retransmission of a non-2xx and is absorbed; in Accepted it
    /// is for a 2xx and passed up (RFC 6026 §7.1).
    [[nodiscard]] Actions ack(TimePoint now) noexcept;

    /// The transaction user has a response. Every 2xx is sent, also after the first (R26); a 1xx or
    /// 300 to 699 only while Proceeding.
    [[nodiscard]] Actions respond(std::uint16_t status, TimePoint now) noexcept;

    /// The 100 that is due within 200 ms (R24), Timers G, H, I and L. Nothing happens before
    /// `deadline()`. Timer H tells the transaction user by `time_out`.
    [[nodiscard]] Actions deadline_reached(TimePoint now) noexcept;

    /// A response could not be sent, its backup way included: the user is told, the state remains
    /// (RFC 6026 §8.8).
    [[nodiscard]] Actions transport_failed() const noexcept;

    /// When the next timer fires; `never` if none runs.
    [[nodiscard]] TimePoint deadline() const noexcept;
    [[nodiscard]] State state() const noexcept { return state_; }

  private:
    [[nodiscard]] Actions terminate(Actions actions) noexcept;

    Timers timers_;
    Delivery delivery_;
    State state_ = State::proceeding;
    bool answered_ = false;    ///< some response went out
    Duration interval_;        ///< of Timer G, when it fires next
    TimePoint send_at_;        ///< the 100, then Timer G
    TimePoint end_at_ = never; ///< Timer H, I or L
};

} // namespace roundabout::transaction::fsm
