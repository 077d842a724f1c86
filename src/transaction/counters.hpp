#pragma once

#include "transport/counters.hpp"

namespace roundabout::transaction {

using transport::Counter;

/// What the transactions of one worker did since the start. Only the owning worker writes.
struct Counters {
    Counter servers_started;
    Counter clients_started;
    Counter requests_absorbed;    ///< retransmissions that reached their transaction
    Counter requests_sent_again;  ///< Timers A and E
    Counter responses_sent_again; ///< Timer G, and answers to retransmissions
    Counter client_timeouts;      ///< Timers B and F
    Counter acks_missing;         ///< Timer H
    Counter send_errors;
    Counter events_dropped; ///< a mailbox was full
    Counter live;           ///< transactions under way now, each with at most one timer
};

} // namespace roundabout::transaction
