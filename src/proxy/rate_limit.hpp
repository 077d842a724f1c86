#pragma once

#include "base/time.hpp"

#include <algorithm>

namespace roundabout::proxy {

/// A token bucket: `burst` at once, `rate` a second in the long run.
class RateLimit {
  public:
    RateLimit(double rate, double burst) noexcept
        : rate_(rate)
        , burst_(burst)
        , level_(burst) {}

    /// True if one more may pass at `now`.
    [[nodiscard]] bool pass(TimePoint now) noexcept {
        const std::chrono::duration<double> since = now - last_;
        last_ = now;
        level_ = std::min(burst_, level_ + std::max(0.0, since.count()) * rate_);
        if (level_ < 1)
            return false;
        level_ -= 1;
        return true;
    }

  private:
    double rate_, burst_, level_;
    TimePoint last_{};
};

} // namespace roundabout::proxy
