#pragma once

#include "base/bytes.hpp"
#include "base/flow.hpp"
#include "transaction/events.hpp"
#include "transaction/fsm/key.hpp"
#include "transaction/loop/mailbox.hpp"
#include "transaction/transaction_layer.hpp"

#include <cstddef>

namespace roundabout::transaction {

/// What a client transaction sends.
struct ClientRequest {
    Bytes bytes;            ///< the whole request, our Via on top
    fsm::ClientKey key;     ///< that Via's branch, and the method
    Flow flow;              ///< the way to the next hop; its transport decides about retransmission
    std::size_t branch = 0; ///< which of the context's branches its events are to name
};

/// A client transaction (RFC 3261 §17.1, RFC 6026 §7.2) as its transaction user sees it. The
/// transaction itself is a coroutine in the layer's scope: it goes on when this is dropped, and
/// when it ends, this leads nowhere. Copyable.
///
/// It sends the request at once, again while UDP needs it, and acknowledges non-2xx responses to
/// INVITE by itself. The context is told by BranchResponse, BranchFailed and at last BranchEnded.
class ClientTransaction {
  public:
    /// Leads nowhere.
    ClientTransaction() noexcept = default;

    /// `context` may be empty, for a request whose responses nobody wants (our CANCEL).
    static ClientTransaction start(TransactionLayer& layer, ClientRequest request,
                                   const MailboxRef<Event>& context);

    /// Cancels an INVITE (RFC 3261 §9.1; R20): a CANCEL leaves as soon as a 1xx has come, in a
    /// client transaction of its own; nothing happens after a final response or the second time.
    /// The branch still ends by its own final response (the 487), or by BranchFailed 64*T1 after
    /// the CANCEL.
    void cancel();

    /// The connection that the request left by is gone and nothing has been heard: ends like a
    /// failed send, by BranchFailed (R41).
    void flow_lost();

    /// False once the transaction has ended.
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(inbox_); }

  private:
    explicit ClientTransaction(Mailbox<ClientEvent>& inbox) noexcept
        : inbox_(inbox) {}

    MailboxRef<ClientEvent> inbox_;
};

} // namespace roundabout::transaction
