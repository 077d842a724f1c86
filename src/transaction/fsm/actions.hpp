#pragma once

#include <cstdint>

namespace roundabout::transaction::fsm {

/// What a state machine asks its shell to do.
enum class Action : std::uint16_t {
    send = 1U << 0U,            ///< send the message that the event brought
    send_again = 1U << 1U,      ///< client: the request; server: the last response
    send_trying = 1U << 2U,     ///< a 100 of our own making
    send_ack = 1U << 3U,        ///< the ACK for the non-2xx final response
    pass_up = 1U << 4U,         ///< give the message that the event brought to the transaction user
    time_out = 1U << 5U,        ///< tell the transaction user that nobody answered
    transport_error = 1U << 6U, ///< tell the transaction user that sending failed
    end = 1U << 7U,             ///< the transaction is in Terminated: destroy it
};

/// A set of actions. The empty set means: absorb the event. Carried out in the order of the
/// enumerators.
class Actions {
  public:
    constexpr Actions() noexcept = default;
    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): one action is a set
    constexpr Actions(Action action) noexcept
        : bits_(static_cast<std::uint16_t>(action)) {}

    [[nodiscard]] constexpr bool has(Action action) const noexcept {
        return (bits_ & static_cast<std::uint16_t>(action)) != 0;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

    friend constexpr Actions operator|(Actions a, Actions b) noexcept {
        Actions both;
        both.bits_ = static_cast<std::uint16_t>(a.bits_ | b.bits_);
        return both;
    }
    friend constexpr bool operator==(Actions, Actions) noexcept = default;

  private:
    std::uint16_t bits_ = 0;
};

[[nodiscard]] constexpr Actions operator|(Action a, Action b) noexcept {
    return Actions(a) | Actions(b);
}

} // namespace roundabout::transaction::fsm
