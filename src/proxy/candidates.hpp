#pragma once

#include "base/location.hpp"
#include "config/config.hpp"
#include "config/server_addresses.hpp"
#include "proxy/server_health.hpp"
#include "routing/decision.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace roundabout::proxy {

/// The places where one target may be reached, in the order to try them, and how far that has come
/// (RFC 3263 §4.3). Those that failed lately stand behind all others, so that with all of them
/// failed they are tried all the same; the address that a dialog uses stands before all.
///
/// `random` alone draws among places of equal rank, and it follows from the Call-ID: a CANCEL whose
/// INVITE is forgotten, a retransmission after a restart and a request sent again with credentials
/// go where the first one went (RFC 3263 §4.4).
class Candidates {
  public:
    /// `tries`: its request is answered, so that it may be the one that tries a failed place.
    explicit Candidates(std::uint64_t random = 0, bool tries = true) noexcept
        : random_(random)
        , tries_(tries) {}

    /// Adds the places of one host, behind those that stand there. `host`: its number among the
    /// hosts of the target.
    void add(const Location& location, std::uint16_t host);

    /// Puts the places that may be used before those that have failed.
    void put_failed_last(ServerHealth& health, TimePoint now);
    /// Puts the places of that address first; false if there is none.
    bool put_first(const IpAddress& address);
    /// Puts that place first.
    void put_first(const Candidate& place, std::uint16_t host);

    [[nodiscard]] bool empty() const noexcept { return places_.empty(); }
    /// Every place has been tried, or there is none.
    [[nodiscard]] bool used_up() const noexcept { return at_ >= places_.size(); }
    /// There is a place after the current one.
    [[nodiscard]] bool has_next() const noexcept { return at_ + 1 < places_.size(); }
    void next() noexcept { ++at_; }

    // While not used up:
    [[nodiscard]] const Candidate& place() const noexcept { return places_[at_].candidate; }
    [[nodiscard]] std::uint16_t host() const noexcept { return places_[at_].host; }

  private:
    struct Place {
        Candidate candidate;
        std::uint16_t host = 0;
    };

    std::vector<Place> places_;
    std::size_t at_ = 0;
    std::uint64_t random_;
    bool tries_;
};

} // namespace roundabout::proxy
