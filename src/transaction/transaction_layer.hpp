#pragma once

#include "base/siphash.hpp"
#include "transaction/fsm/timers.hpp"
#include "transaction/loop/loop.hpp"
#include "transaction/table.hpp"
#include "transaction/tickets.hpp"
#include "transport/flow_table.hpp"
#include "transport/inbox.hpp"

#include <cstdint>
#include <optional>

namespace roundabout::transaction {

/// What the transactions of one worker did, ever.
struct TransactionCounters {
    std::uint64_t servers_started = 0;
    std::uint64_t clients_started = 0;
    std::uint64_t requests_absorbed = 0;    ///< retransmissions that reached their transaction
    std::uint64_t requests_sent_again = 0;  ///< Timers A and E
    std::uint64_t responses_sent_again = 0; ///< Timer G, and answers to retransmissions
    std::uint64_t client_timeouts = 0;      ///< Timers B and F
    std::uint64_t acks_missing = 0;         ///< Timer H
    std::uint64_t send_errors = 0;
    std::uint64_t events_dropped = 0; ///< a mailbox was full
};

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
    [[nodiscard]] std::optional<transport::Inbound> accept(transport::Inbound arrival);

    /// Tells every transaction to stop. Response contexts are not transactions: their owner tells
    /// them.
    void stop();

    Loop& loop;
    transport::FlowTable& flows;
    fsm::Timers timers;
    HashKey secret;
    TransactionCounters counters;
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
