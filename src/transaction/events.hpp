#pragma once

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/flow.hpp"
#include "sip/message.hpp"
#include "transport/inbox.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>

namespace roundabout::transaction {

// What the coroutine of a response context is told (RFC 3261 §16.7), in one mailbox.

/// A response of one branch: each 1xx (100 included: it stops nothing upstream, the context drops
/// it), the first final one, and to an INVITE every further 2xx (R26). Never a retransmitted
/// non-2xx.
struct BranchResponse {
    std::size_t branch = 0;
    std::unique_ptr<sip::Message> message; ///< apart, since every mailbox has room for any event
};

/// A branch got no final response and won't get one: transaction_timeout, or the error of the
/// transport. Counts as a 408 or a 503 (RFC 3261 §16.9, §16.7 step 1).
struct BranchFailed {
    std::size_t branch = 0;
    Error why = Error::transaction_timeout;
};

/// The client transaction of this branch is gone. The last event of every branch, once.
struct BranchEnded {
    std::size_t branch = 0;
};

/// The INVITE is cancelled and the CANCEL has been answered with 200 (R20). Told once, and only
/// while the INVITE has no final response.
struct CancelReceived {};

/// An ACK to a 2xx that bears the INVITE's branch, as RFC 2543 clients send it: to be forwarded
/// statelessly like every ACK to a 2xx (R19). ACKs to other responses are absorbed.
struct AckReceived {
    std::unique_ptr<transport::Inbound> ack; ///< apart, as above
};

/// A response could not be sent by its flow. The server transaction keeps it; ask
/// `ServerTransaction::reply_by()` to send it another way (R34).
struct ResponseUnsent {
    Error why = Error::flow_closed;
};

/// The server transaction is gone. Its last event, once. `transaction_timeout`: no ACK came to our
/// non-2xx (Timer H).
struct ServerEnded {
    Error why = Error::none;
};

/// The way to a branch's target was found, or there is none.
struct Reached {
    std::size_t branch = 0;
    Result<Flow> flow = Error::flow_unknown;
    bool reused = false; ///< a connection that was open before: it may be broken already (R41)
};

/// The connection that a branch sent its request by is gone.
struct FlowLost {
    std::size_t branch = 0;
};

/// The store has done, or given up, what was asked under this ticket.
struct Committed {
    transport::Ticket ticket = 0;
    bool stored = false;
};

/// What the store has under this ticket's question is in the binding table, or it could not tell.
struct Found {
    transport::Ticket ticket = 0;
};

/// End as soon as possible, in good order.
struct Stop {};

using Event = std::variant<BranchResponse, BranchFailed, BranchEnded, CancelReceived, AckReceived,
                           ResponseUnsent, ServerEnded, transport::Connected, transport::Resolved,
                           transport::SendFailed, transport::LookAgain, Reached, FlowLost,
                           Committed, Found, Stop>;

// What the coroutine of a client transaction is told.

struct ResponseArrived {
    std::unique_ptr<sip::Message> message; ///< apart, as above
};
struct CancelWanted {};

using ClientEvent = std::variant<ResponseArrived, CancelWanted, transport::SendFailed, Stop>;

// What the coroutine of a server transaction is told.

/// A retransmission. By another connection of the same host than before: its sender came back.
struct RequestAgain {
    std::unique_ptr<Flow> flow; ///< apart, as above
};
struct AckArrived {
    std::unique_ptr<transport::Inbound> ack; ///< apart, as above
};
struct CancelArrived {
    std::unique_ptr<Flow> flow; ///< apart, as above
};
struct Respond {
    std::uint16_t status = 0;
    Bytes response;
};
struct ReplyBy {
    std::unique_ptr<Flow> flow; ///< apart, as above
};
struct Abandon {};

using ServerEvent = std::variant<RequestAgain, AckArrived, CancelArrived, Respond, ReplyBy, Abandon,
                                 transport::SendFailed, Stop>;

} // namespace roundabout::transaction
