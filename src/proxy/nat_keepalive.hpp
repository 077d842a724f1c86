#pragma once

#include "proxy/services.hpp"
#include "transaction/loop/loop.hpp"
#include "transaction/loop/task.hpp"

#include <cstdint>

namespace roundabout::proxy {

/// Keeps the mappings of NATs alive before clients that registered by UDP: each gets a datagram of
/// CRLFCRLF every `udp_keepalive_interval`, or in half or a quarter of it where its NAT was found
/// to hold no longer (registration::nat_interval()). The table is walked piece by piece, so that
/// what is sent is spread evenly over the interval, and each of `workers` walks the pieces that are
/// its own. Bindings that ended or expired get nothing. Never ends; sends nothing while the
/// interval is 0.
transaction::Task keep_mappings(transaction::Loop& loop, Services& services, std::uint16_t workers);

} // namespace roundabout::proxy
