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
    Counter responses_forwarded;
    Counter responses_stray;     ///< no transaction, and no restart of ours explains it (R27)
    Counter responses_stateless; ///< no transaction, authentic: sent on (R46)
    Counter responses_foreign;   ///< the top Via is not ours (R27)
    Counter acks_forwarded;
    Counter cancels_forwarded; ///< without a transaction of ours
    Counter rejections_muted;  ///< answers to unknown sources that the rate limit kept back
    Counter contacts_too_long;
    Counter retried; ///< requests sent again on a new connection (R41)
    Counter large_by_tcp;
    Counter bindings_confirmed;
    Counter bindings_ended;
    Counter stored_late; ///< 2xx to REGISTER that did not wait for their commit any longer
    Counter unreachable; ///< requests for a client whose flow is gone
};

} // namespace roundabout::proxy
