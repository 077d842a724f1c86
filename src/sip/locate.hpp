#pragma once

#include "base/dns_records.hpp"
#include "base/location.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace roundabout::sip {

/// What is known of a question; null if DNS has not been asked yet. A query that failed counts as
/// an answer without records, and so does one whose name is not there.
using DnsAnswers = std::function<const DnsRecords*(const DnsQuestion&)>;

/// Where something is, or what DNS must be asked before that can be said.
struct Located {
    Location location; ///< what can be said so far; empty: nowhere, if nothing is asked for
    std::vector<DnsQuestion> needs;
};

/// RFC 3263 §4.1 and §4.2: NAPTR, then SRV, then A and AAAA. An address, a port and a transport
/// each cut that short:
/// - an address: that, with the port given or the transport's own;
/// - a name with a port: its addresses (no SRV, whose ports it overrides);
/// - a name with a transport: SRV for it, else the name's addresses;
/// - a name alone: NAPTR; without one that we can follow, SRV for each transport spoken, `fallback`
///   first; without any, the name's addresses by `fallback`.
/// WS and WSS are URLs to their clients (RFC 7118 §5): a name, whose addresses are asked for.
///
/// Of NAPTR records those of the lowest order count that has any of use to us (RFC 3403 §4.1), by
/// preference: a domain that orders TLS before UDP is not talked down to UDP by cutting TLS. An SRV
/// target "." means that there is no such service (RFC 2782): no addresses are asked for then.
/// Hosts without addresses are left out. What a domain can make us ask is bounded (`most_hosts`).
///
/// Pure: to be called again once `needs` are answered; it asks in at most four rounds.
[[nodiscard]] Located locate(const Sought& sought, const DnsAnswers& known);

/// The places of a location in the order to try them. Hosts of one rank are drawn by weight (RFC
/// 2782), all others after them; the addresses of a host are a ring that is entered anywhere, IPv4
/// before IPv6. `random` alone decides, not the order in which DNS gave its records, so the same
/// number leads to the same order on every worker and after a restart. O(n²) a rank, n being small.
[[nodiscard]] std::vector<Candidate> in_order(const Location& location, std::uint64_t random);

/// The most SRV records (and so hosts) and the most NAPTR records that count for one location.
inline constexpr std::size_t most_hosts = 32;
inline constexpr std::size_t most_pointers = 8;
/// The most addresses of a host that are tried.
inline constexpr std::size_t most_addresses = 16;

} // namespace roundabout::sip
