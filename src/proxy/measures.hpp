#pragma once

#include "base/error.hpp"
#include "base/histogram.hpp"
#include "routing/decision.hpp"
#include "sip/method.hpp"
#include "transport/counters.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace roundabout::proxy {

/// How often each enumerator came: of those below `Size`, which is to be beyond all. Only the
/// owning worker writes.
template <class Enum, std::size_t Size>
class EnumCounts {
  public:
    static constexpr std::size_t size = Size;

    void add(Enum what) noexcept {
        const auto at = static_cast<std::size_t>(what);
        counters_[at < Size ? at : 0].add();
    }
    [[nodiscard]] std::uint64_t value(std::size_t what) const noexcept {
        return counters_[what].value();
    }

  private:
    std::array<transport::Counter, Size> counters_;
};

using ReasonCounts = EnumCounts<Error, 128>;
using RuleCounts = EnumCounts<routing::Rule, 64>;

/// What one worker measured beside its Counters, for the metrics. Only the owning worker writes.
struct Measures {
    static constexpr std::size_t methods = static_cast<std::size_t>(sip::Method::update) + 1;

    ReasonCounts refused;     ///< messages that were not to be read, or not well formed
    ReasonCounts turned_away; ///< connections that were not let in or not through their handshakes
    ReasonCounts closed;      ///< connections that ended, whoever ended them

    // New requests, ACK and CANCEL without a transaction among them, by the rule that decided them.
    RuleCounts forwarded; ///< or parked for a client
    RuleCounts answered;
    RuleCounts dropped;

    // Of requests that were forwarded, by method: from their arrival to what went back.
    std::array<WaitingTimes, methods> first_response; ///< the first one beyond 100
    std::array<WaitingTimes, methods> final_response;
};

} // namespace roundabout::proxy
