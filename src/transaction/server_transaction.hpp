#pragma once

#include "base/bytes.hpp"
#include "base/flow.hpp"
#include "sip/message.hpp"
#include "transaction/events.hpp"
#include "transaction/loop/mailbox.hpp"
#include "transaction/transaction_layer.hpp"

#include <cstdint>
#include <memory>

namespace roundabout::transaction {

/// A server transaction (RFC 3261 §17.2, RFC 6026 §7.1) as its transaction user sees it. The
/// transaction itself is a coroutine in the layer's scope: it goes on when this is dropped, and
/// when it ends, this leads nowhere. Copyable.
///
/// It answers retransmissions of the request by itself, sends 100 to an INVITE that has no response
/// after 200 ms (R24), retransmits a non-2xx until the ACK comes, absorbs that ACK (R19), and lets
/// every 2xx through (R26). The context is told by CancelReceived, AckReceived, ResponseUnsent and
/// at last ServerEnded.
class ServerTransaction {
  public:
    /// Leads nowhere.
    ServerTransaction() noexcept = default;

    /// For a request that `TransactionLayer::accept` handed back; not for ACK. Responses leave by
    /// `flow`, where the request came from (R34). `context` may be empty.
    static ServerTransaction start(TransactionLayer& layer,
                                   std::shared_ptr<const sip::Message> request, Flow flow,
                                   const MailboxRef<Event>& context);

    /// Sends a response, kept for retransmissions. What the state forbids (a second final response
    /// that isn't a 2xx to INVITE, a 1xx after a final one) is discarded. False if the transaction
    /// has ended.
    bool respond(std::uint16_t status, Bytes response);

    /// From now on responses leave by `flow`; the last one is sent at once if it could not be sent
    /// before (R34).
    void reply_by(const Flow& flow);

    /// Ends it without a response (RFC 4320 §4.2: no 408 to a non-INVITE). Nothing happens after a
    /// final response.
    void abandon();

    /// False once the transaction has ended.
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(inbox_); }

  private:
    explicit ServerTransaction(Mailbox<ServerEvent>& inbox) noexcept
        : inbox_(inbox) {}

    MailboxRef<ServerEvent> inbox_;
};

} // namespace roundabout::transaction
