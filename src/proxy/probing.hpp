#pragma once

#include "proxy/services.hpp"
#include "transaction/loop/loop.hpp"
#include "transaction/loop/task.hpp"

#include <cstdint>

namespace roundabout::proxy {

/// Asks the places of servers that have `probe` whether they live: an OPTIONS each (RFC 3261 §11),
/// by a client transaction and a connection as requests have them, and what comes of it goes into
/// ServerHealth. Any answer but a 503 says yes; a connection that can't be had, silence for
/// `try_next_after` and a 503 say no. The first one leaves at once, and never two at a time to one
/// place. Each of `workers` asks the places that are its own. Probes run in `scope`. Never ends;
/// looks once a second whether there is anything to ask.
transaction::Task probe_servers(transaction::Loop& loop, Services& services,
                                transaction::Scope& scope, std::uint16_t workers);

} // namespace roundabout::proxy
