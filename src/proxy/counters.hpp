#pragma once

#include "transport/counters.hpp"

namespace roundabout::proxy {

using transport::Counter;

/// What one worker's proxy did since the start. Only the owning worker writes.
struct Counters {
    Counter requests_forwarded;
    Counter requests_answered; ///< by a final response of our own
    Counter requests_dropped;  ///< unknown sources
    Counter requests_malformed;
    Counter requests_handed_on; ///< to the worker that has, or may have, their transaction
    Counter responses_forwarded;
    Counter responses_stray;     ///< no transaction, and no restart of ours explains it (R27)
    Counter responses_stateless; ///< no transaction, authentic: sent on (R46)
    Counter responses_foreign;   ///< the top Via is not ours (R27)
    Counter acks_forwarded;
    Counter cancels_forwarded; ///< without a transaction of ours
    Counter rejections_muted;  ///< answers to unknown sources that the rate limit kept back
    Counter contacts_too_long;
    Counter retried; ///< requests sent again on a new connection (R41)
    Counter
        tried_next; ///< requests sent to the next place of a server, the one before having failed
    Counter large_by_tcp;
    Counter bindings_confirmed;
    Counter bindings_ended;
    Counter stored_late;       ///< 2xx to REGISTER that did not wait for their commit any longer
    Counter refused_unstored;  ///< those of them that became a 503
    Counter unsealed;          ///< messages for which libcrypto made no token
    Counter loops;             ///< requests that came back as they left (R29)
    Counter unreachable;       ///< requests for a client whose flow is gone
    Counter transaction_limit; ///< requests answered 503 or dropped: too many transactions
    Counter source_limit;      ///< requests dropped: too many from one source
    Counter client_limit;      ///< requests answered 503: too many from one registered client
    Counter parked;            ///< requests that waited for their client's new flow
    Counter parked_delivered;
    Counter parked_given_up;
    Counter live;           ///< response contexts, and what is sent without one, under way now
    Counter nat_keepalives; ///< datagrams to clients behind a NAT
    Counter probes;         ///< OPTIONS of our own that asked a server whether it lives
    Counter probes_failed;  ///< not answered, by a 503, or not even sent
};

} // namespace roundabout::proxy
