#pragma once

#include <chrono>
#include <cstdint>

namespace roundabout::transport {

/// When a connection asks its peer whether it still lives, by CRLFCRLF that a CRLF answers (RFC
/// 5626 §4.4.1), and what silence means. RFC 5626 obliges servers to answer, not clients, and some
/// clients that support it do not: so silence ends the connection only of a peer that has answered
/// before. The ping itself keeps NATs open, and TCP ends a connection on which nobody acknowledges
/// it. Reads no clock.
class Keepalive {
  public:
    using Clock = std::chrono::steady_clock;
    enum class Step : std::uint8_t { wait, ping, dead };

    /// A ping leaves after `interval` without a byte from the peer, which then has `answer_time`.
    Keepalive(std::chrono::milliseconds interval, std::chrono::milliseconds answer_time,
              Clock::time_point now) noexcept
        : interval_(interval)
        , answer_time_(answer_time)
        , quiet_since_(now) {}

    /// What is to be done now; `heard` is when the last byte came. `ping`: it is taken as sent.
    [[nodiscard]] Step look(Clock::time_point now, Clock::time_point heard) noexcept;
    /// A CRLF came that is no ping.
    void answered(Clock::time_point now) noexcept;
    /// When to look again at the latest, after look().
    [[nodiscard]] Clock::time_point next() const noexcept;

  private:
    /// A look that comes so late says that this process stood still, not that the peer does: its
    /// answer may lie unread, and it gets its time once more.
    static constexpr std::chrono::seconds late{1};
    /// Some peers send a CRLF now and then by themselves: one that comes after a ping may be such.
    static constexpr unsigned enough_answers = 2;

    [[nodiscard]] bool answers() const noexcept { return answers_ >= enough_answers; }

    std::chrono::milliseconds interval_;
    std::chrono::milliseconds answer_time_;
    Clock::time_point quiet_since_; ///< the last byte from the peer or ping of ours
    unsigned answers_ = 0;          ///< pings answered one after the other
    bool waits_ = false;            ///< for the answer to the ping at `quiet_since_`
};

} // namespace roundabout::transport
