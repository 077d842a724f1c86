#pragma once

#include "base/flow.hpp"
#include "base/location.hpp"
#include "base/result.hpp"
#include "base/subject_names.hpp"
#include "sip/message.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

namespace roundabout::transport {

/// Names one thing that a transaction asked of the shell; its outcome comes back with it. 0: nobody
/// waits for the outcome.
using Ticket = std::uint64_t;

/// A message that arrived.
struct Inbound {
    sip::Message message;
    Flow flow;
    std::shared_ptr<const SubjectNames> proved = nullptr; ///< by the TLS peer; null: nothing
    /// How many workers looked for its transaction in vain and handed it on; 0: it just arrived.
    std::uint16_t asked = 0;
};

/// Bytes that arrived whole and are no SIP message; for the counters.
struct Refused {
    Flow flow;
    Error why = Error::not_sip;
};

/// A connection that came and was not let in, or did not get through its handshakes; for the log.
struct TurnedAway {
    Flow flow; ///< without id
    Error why = Error::connection_limit;
};

/// A connection is gone. It reaches the inbox of the worker that owned it, behind all that came
/// over it; what of that belongs to others is handed on first, so it is for that worker to tell
/// those that have sent over it.
struct FlowClosed {
    Flow flow;
    Error why = Error::flow_closed;
    std::uint64_t askers = 0; ///< a bit for each other worker that has sent, by number modulo 64
};

/// The outcome of `FlowTable::connect`.
struct Connected {
    Ticket ticket = 0;
    Result<Flow> flow = Error::flow_unknown;
    bool reused = false; ///< it was open before this was asked for: it may be broken already (R41)
};

/// A message that was queued could not be written. Sent only for a `send` with a ticket.
struct SendFailed {
    Ticket ticket = 0;
    Error why = Error::send_failed;
};

/// The outcome of `Resolver::locate`: never empty on success.
struct Resolved {
    Ticket ticket = 0;
    Result<Location> location = Error::resolve_failed;
};

/// What was waited for under this ticket may have happened, at whatever worker: look again.
struct LookAgain {
    Ticket ticket = 0;
};

using Arrival = std::variant<Inbound, Refused, TurnedAway, FlowClosed, Connected, SendFailed,
                             Resolved, LookAgain>;

/// The transport room's only exit, one a worker. Whoever puts something in never runs the worker's
/// code: the worker is woken once for as many arrivals as gather until it looks.
class Inbox {
  public:
    /// `wake` is called, from whatever thread puts the first arrival into an empty inbox, to have
    /// the owner call `take()` soon (it posts to the owner's io_context). `limit`: what comes from
    /// the network (Inbound, Refused, TurnedAway) is refused beyond it; outcomes are always taken,
    /// their number being bounded by what was asked.
    Inbox(std::function<void()> wake, std::size_t limit);

    /// From any thread. False if the inbox is full: the message is lost, as on a full socket.
    bool put(Arrival arrival);
    /// One lock for a whole batch (hand-over between workers). Returns how many were refused.
    /// `batch` is empty afterwards and keeps its storage.
    std::size_t put(std::vector<Arrival>& batch);
    /// True while a message would be refused: a stream then leaves its bytes to TCP's own window.
    [[nodiscard]] bool full() const;

    /// All that gathered, in order; the owner's thread only. `into` is cleared first and its
    /// storage reused.
    void take(std::vector<Arrival>& into);

  private:
    [[nodiscard]] bool admits(const Arrival& arrival) const noexcept;
    void keep(Arrival&& arrival);

    std::function<void()> wake_;
    std::size_t limit_;
    mutable std::mutex mutex_;
    std::vector<Arrival> waiting_;
    std::size_t received_ = 0; ///< how many of `waiting_` came from the network
};

} // namespace roundabout::transport
