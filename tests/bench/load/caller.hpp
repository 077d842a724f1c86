#pragma once

#include "bench/load/link.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace roundabout::load {

using Clock = std::chrono::steady_clock;

struct CallerSettings {
    Transport transport = Transport::udp;
    std::string domain;                        ///< of the callee, as in the R-URI
    std::string body;                          ///< of each INVITE
    std::chrono::milliseconds patience{8'000}; ///< after that a call has failed
};

/// Makes calls: INVITE, ACK to the 2xx, BYE at once. Sends nothing twice: a message that the
/// network loses is the proxy's to repeat, or else the call has failed.
class Caller {
  public:
    /// Tells how a call ended: the time from INVITE to its 200, or nothing if it failed.
    using Ended = std::function<void(bool good, Clock::duration answered)>;

    Caller(CallerSettings settings, Ended ended);

    /// The links that calls are spread over; at least one before the first call.
    void add(LinkPtr link) { links_.push_back(std::move(link)); }

    void start_call();
    /// An INVITE to a user who never answers; `rang` is called when the 180 comes, after which it
    /// is forgotten here.
    void start_ringing(std::string_view user, std::function<void()> rang);
    void take(Link& link, std::string_view message);
    /// Gives up the calls that have waited for too long. O(calls under way).
    void give_up(Clock::time_point now);

    [[nodiscard]] std::size_t under_way() const noexcept { return calls_.size(); }

  private:
    struct Call {
        Clock::time_point begun;
        Clock::duration answered{};
        bool hanging_up = false;
        std::function<void()> rang = nullptr; ///< of one that is never answered
    };
    using Calls = std::unordered_map<std::uint64_t, Call>;

    [[nodiscard]] std::string request(std::string_view method, std::string_view uri,
                                      std::uint64_t number, const Link& link,
                                      std::string_view to_and_routes,
                                      std::string_view branch) const;
    void invite(std::uint64_t number, std::string_view user);
    void answered(Link& link, std::string_view message, Calls::iterator call);
    void end(Calls::iterator call, bool good);

    CallerSettings settings_;
    Ended ended_;
    std::vector<LinkPtr> links_;
    Calls calls_;
    std::string run_; ///< makes the Call-IDs of this run its own
    std::uint64_t next_ = 1;
};

} // namespace roundabout::load
