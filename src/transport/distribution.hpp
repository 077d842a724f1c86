#pragma once

#include "base/flow.hpp"
#include "transport/counters.hpp"
#include "transport/inbox.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace roundabout::transport {

/// Which worker owns the transaction that a datagram's message belongs to (design: Who owns a
/// transaction). Called on the receiving worker's thread.
using Steer = std::function<std::uint16_t(const sip::Message&)>;

/// The inboxes of all workers, by worker number.
using Inboxes = std::vector<Inbox*>;

/// Sorts what one worker's UDP sockets receive by the worker that owns it, and hands each worker
/// its part as one batch: waking a worker costs more than the messages.
class Distribution {
  public:
    /// `steer` may be empty: everything is for `self` then.
    Distribution(const Inboxes& inboxes, std::uint16_t self, Steer steer, Counters& counters);

    void add(sip::Message message, const Flow& flow);
    void refuse(const Flow& flow, Error why);
    /// Puts the batches into their inboxes. At the end of each drain.
    void flush();

  private:
    const Inboxes* inboxes_;
    std::uint16_t self_;
    Steer steer_;
    Counters* counters_;
    std::vector<std::vector<Arrival>> batches_; ///< by worker
};

} // namespace roundabout::transport
