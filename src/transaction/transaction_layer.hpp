#pragma once

#include "base/siphash.hpp"
#include "transaction/counters.hpp"
#include "transaction/fsm/timers.hpp"
#include "transaction/loop/loop.hpp"
#include "transaction/table.hpp"
#include "transaction/tickets.hpp"
#include "transport/flow_table.hpp"
#include "transport/inbox.hpp"
#include "transport/message_counts.hpp"

#include <optional>

namespace roundabout::transaction {

/// The transaction layer of one worker (RFC 3261 §5, §17): its tables, what its transactions need
/// to send and wait, and the scope that owns their coroutines. For the worker's thread.
struct TransactionLayer {
    /// `secret` keys the tables' hashes. `loop` and `flows` outlive the layer.
    TransactionLayer(Loop& loop, transport::FlowTable& flows, const HashKey& secret,
                     fsm::Timers timers = {});

    /// Gives an arrived message to the transaction that it belongs to (§17.1.3, §17.2.3, §9.2): a
    /// retransmitted request, an ACK to a non-2xx, a response, and a CANCEL whose INVITE is here,
    /// which is also answered with 200. Hands back what belongs to none: a new request, an ACK to a
    /// 2xx, a CANCEL without INVITE, a stray response. The message must have passed
    /// `sip::check_message`; that a response's top Via is ours is the caller's check (R27).
    [[nodiscard]] std::optional<transport::Inbound> accept(transport::Inbound&& arrival);

    /// Tells every transaction to stop. Response contexts are not transactions: their owner tells
    /// them.
    void stop();

    Loop& loop;
    transport::FlowTable& flows;
    fsm::Timers timers;
    HashKey secret;
    Counters counters;
    transport::MessageCounts messages; ///< what these transactions send; the owner adds the rest
    Tickets tickets;
    ServerTable servers;
    ClientTable clients;
    Scope scope; // last: its frames hold entries of the tables

  private:
    [[nodiscard]] bool accept_request(transport::Inbound& arrival);
    [[nodiscard]] bool accept_cancel(transport::Inbound& cancel);
    [[nodiscard]] bool accept_response(transport::Inbound& arrival);
};

} // namespace roundabout::transaction
