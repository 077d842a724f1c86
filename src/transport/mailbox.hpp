#pragma once

#include "base/bytes.hpp"
#include "base/flow.hpp"
#include "transport/inbox.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <variant>
#include <vector>

namespace roundabout::transport {

/// What one worker asks of another that owns a connection or shares a UDP port with it.
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
struct PeerUnreachable {
    ListenerIndex listener = no_listener;
    Endpoint peer;
};
using Mail = std::variant<PostedSend, PostedClose, PeerUnreachable>;

/// Mail for one worker from the others, in batches, one lock each. Bounded.
class Mailbox {
  public:
    explicit Mailbox(std::size_t limit) noexcept
        : limit_(limit) {}

    /// Any thread. Takes what fits, in order; the rest stays in `batch`. True if the box was empty
    /// before: its owner is to be told.
    bool put(std::vector<Mail>& batch);
    /// The owner's thread. `into` is cleared first and its storage reused.
    void take(std::vector<Mail>& into);

  private:
    std::size_t limit_;
    std::mutex mutex_;
    std::vector<Mail> waiting_;
};

} // namespace roundabout::transport
