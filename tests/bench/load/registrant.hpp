#pragma once

#include "bench/load/caller.hpp"
#include "bench/load/link.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace roundabout::load {

/// Registers: each time another address-of-record, with one Contact. In place of a Caller. Sends
/// nothing twice.
class Registrant {
  public:
    Registrant(CallerSettings settings, Caller::Ended ended);

    void add(LinkPtr link) { links_.push_back(std::move(link)); }

    /// A REGISTER.
    void start_call();
    void take(Link& link, std::string_view message);
    /// Gives up those that have waited for too long. O(those under way).
    void give_up(Clock::time_point now);

    [[nodiscard]] std::size_t under_way() const noexcept { return begun_.size(); }

  private:
    CallerSettings settings_;
    Caller::Ended ended_;
    std::vector<LinkPtr> links_;
    std::unordered_map<std::uint64_t, Clock::time_point> begun_;
    std::string run_; ///< makes the users of this run its own
    std::uint64_t next_ = 1;
};

} // namespace roundabout::load
