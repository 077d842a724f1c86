#pragma once

#include "store/binding_store.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::store {

/// What the writer knows of how writing goes. Told of each attempt; read by whoever asks, under
/// the owner's lock. Pure.
class WriteHealth {
  public:
    using Clock = std::chrono::steady_clock;

    /// An attempt begins, or the next of several at a busy database.
    void begin(Clock::time_point now) noexcept {
        if (writing_since_ == idle)
            writing_since_ = now;
    }
    void succeeded() noexcept;
    /// Another process is at work; a short while of that is nothing to speak of.
    void busy(std::string words) { words_ = std::move(words); }
    void failed(Error why, std::string words);
    /// A new file has taken the place of a bad one.
    void renewed(std::string sentence);
    [[nodiscard]] std::uint64_t renewals() const noexcept { return renewed_; }

    /// `patience`: an attempt that lasts longer hangs.
    [[nodiscard]] StoreHealth report(Clock::time_point now, Clock::duration patience,
                                     std::size_t waiting) const;

  private:
    static constexpr Clock::time_point idle = Clock::time_point::max();

    Clock::time_point writing_since_ = idle;
    Error failing_ = Error::none;
    std::string words_;
    std::uint64_t renewed_ = 0;
    std::string renewal_;
};

/// What the log should say of the health, given what it was when last looked at, and whether that
/// is bad news. Empty: nothing new. Says each change once, and every `interval` that it lasts.
class HealthLog {
  public:
    struct Line {
        bool bad = false;
        std::string text;
    };
    [[nodiscard]] std::vector<Line> look(const StoreHealth& health,
                                         WriteHealth::Clock::time_point now);

  private:
    static constexpr std::chrono::seconds interval{30};

    bool degraded_ = false;
    Error why_ = Error::none;
    std::uint64_t renewed_ = 0;
    WriteHealth::Clock::time_point since_;
    WriteHealth::Clock::time_point said_;
};

} // namespace roundabout::store
