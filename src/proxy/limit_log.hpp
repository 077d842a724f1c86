#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace roundabout::proxy {

/// Keeps the log short while a limit bites: a line a second for each reason, which tells how many
/// more there were. The counters tell all of them.
class LimitLog {
  public:
    /// Takes note of one case. Gives the number of cases of that reason that were kept back since
    /// its last line if a line is due now, and nothing if this one is kept back.
    [[nodiscard]] std::optional<std::uint64_t> note(Error why, TimePoint now) {
        Reason& reason = reasons_[why];
        if (now < reason.next) {
            ++reason.kept_back;
            return std::nullopt;
        }
        reason.next = now + std::chrono::seconds(1);
        return std::exchange(reason.kept_back, 0);
    }

  private:
    struct Reason {
        TimePoint next;
        std::uint64_t kept_back = 0;
    };
    std::map<Error, Reason> reasons_; ///< as many as there are reasons
};

} // namespace roundabout::proxy
