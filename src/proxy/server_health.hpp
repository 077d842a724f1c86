#pragma once

#include "base/location.hpp"
#include "base/time.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace roundabout::proxy {

struct Snapshot;

/// Up: new requests go there. Down: it failed, and they go to the server's other places first.
/// Trying: it failed, and one request is there to see whether it still does.
enum class PlaceState : std::uint8_t { up, down, trying };

/// "up", "down" or "trying".
[[nodiscard]] std::string_view words(PlaceState state) noexcept;

/// A place where a trusted server is, by configuration and DNS.
struct ServerPlaceEntry {
    std::string server; ///< its name
    Candidate place;
    Duration probe{}; ///< how often it is asked whether it lives; 0: never

    friend bool operator==(const ServerPlaceEntry&, const ServerPlaceEntry&) = default;
};

/// All places of all servers of that snapshot, as far as they are located; each once a server.
[[nodiscard]] std::vector<ServerPlaceEntry> server_places(const Snapshot& snapshot);

/// What is known of one of them, for people.
struct PlaceHealth {
    std::string server;
    Candidate place;
    Duration probe{};
    PlaceState state = PlaceState::up;
    TimePoint since;                   ///< when it became that; the epoch: never anything else
    std::uint64_t times_down = 0;      ///< how often it went from up to down
    std::uint64_t probes = 0;          ///< sent
    std::uint64_t probes_answered = 0; ///< of those
};

/// "udp 192.0.2.10:5060".
[[nodiscard]] std::string to_string(const Candidate& place);

/// Which places of servers have failed a short time ago (RFC 3263 §4.3), as all workers found out:
/// by requests, and by probes where they are on. One for all; any thread. While everything is up it
/// costs one atomic load, else a short lock. Bounded by `most` beside the places of servers.
///
/// A place that failed is not simply good again after a while: where it is probed, a probe has to
/// be answered first; where it is not, one request is sent there once its time has passed, and only
/// its answer opens the place for the others (half open).
class ServerHealth {
  public:
    static constexpr std::size_t most = 1024;

    /// The places that there are now. What is known of those that stay is kept.
    void know(const std::vector<ServerPlaceEntry>& places);

    /// That place failed; it is left alone for `wait`, or until a probe is answered. A `wait` of 0
    /// changes nothing where there are no probes. `asked`: it asked for that time itself
    /// (Retry-After), so that no probe ends it earlier. True if it was up till now.
    bool failed(const Candidate& place, TimePoint now, Duration wait, bool asked = false);

    /// It answers. True if it was not up till now.
    bool answered(const Candidate& place, TimePoint now);
    /// A probe was sent, or answered: the same as above where that tells anything, and counted.
    bool probe_answered(const Candidate& place, TimePoint now);
    void probe_sent(const Candidate& place);

    /// False while some place is not up.
    [[nodiscard]] bool all_up() const noexcept { return not_up_ == 0; }
    /// May a new request go there while its server has other places? `first`: it would go there
    /// before all others, so that it may be the one that tries (see above).
    [[nodiscard]] bool may_use(const Candidate& place, TimePoint now, bool first);

    /// Every place of every server, in the order of know().
    [[nodiscard]] std::vector<PlaceHealth> snapshot() const;

    /// Places that are remembered. For tests of the bound.
    [[nodiscard]] std::size_t size() const;

  private:
    struct Entry {
        bool known = false; ///< of a server
        bool probed = false;
        PlaceState state = PlaceState::up;
        TimePoint since;
        TimePoint until; ///< when it is to be tried again
        TimePoint asked; ///< until when it asked to be left alone
        Duration wait{}; ///< after which a trial without outcome is given up
        std::uint64_t times_down = 0;
        std::uint64_t probes = 0;
        std::uint64_t probes_answered = 0;
    };
    struct Hash {
        std::size_t operator()(const Candidate& place) const noexcept {
            return std::hash<Endpoint>{}(place.remote) + static_cast<std::size_t>(place.transport);
        }
    };

    void set(Entry& entry, PlaceState state, TimePoint now);
    bool up_again(Entry& entry, TimePoint now);
    void forget_some(TimePoint now);

    mutable std::mutex mutex_;
    std::vector<ServerPlaceEntry> places_;
    std::unordered_map<Candidate, Entry, Hash> entries_;
    std::atomic<std::size_t> not_up_ = 0;
};

} // namespace roundabout::proxy
