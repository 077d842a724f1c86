#pragma once

#include "base/bytes.hpp"
#include "base/flow.hpp"
#include "transport/flow_table.hpp"
#include "transport/inbox.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <variant>
#include <vector>

namespace roundabout::transport {

/// What one worker asks of another that owns a connection or shares a UDP port with it, or tells
/// it.
struct PostedSend {
    FlowId id;
    Bytes bytes;
    Ticket ticket = 0;
    std::uint16_t asker = 0; ///< the worker whose inbox gets the failure
};
struct PostedClose {
    FlowId id;
    Error why = Error::flow_closed;
};
struct PostedKeepAlive {
    FlowId id;
};
struct PeerUnreachable {
    ListenerIndex listener = no_listener;
    Endpoint peer;
};
/// A connection that the others may use, and its end.
struct Lent {
    LentFor peer;
    Flow flow;
};
struct LentIsGone {
    Flow flow;
};
using Mail =
    std::variant<PostedSend, PostedClose, PostedKeepAlive, PeerUnreachable, Lent, LentIsGone>;

/// Mail for one worker from the others, in batches, one lock each. Bounded: what traffic makes is
/// refused beyond the limit; what ends a connection, or lends it, is always taken, there being few.
class Mailbox {
  public:
    explicit Mailbox(std::size_t limit) noexcept
        : limit_(limit) {}

    /// Any thread. Takes what it can, in order; the rest stays in `batch`, in order. True if the
    /// box was empty before: its owner is to be told.
    bool put(std::vector<Mail>& batch);
    /// The owner's thread. `into` is cleared first and its storage reused.
    void take(std::vector<Mail>& into);

  private:
    std::size_t limit_;
    std::mutex mutex_;
    std::vector<Mail> waiting_;
};

} // namespace roundabout::transport
