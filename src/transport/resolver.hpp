#pragma once

#include "base/address_book.hpp"
#include "transport/dns_cache.hpp"
#include "transport/inbox.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roundabout::transport {

struct ResolverSettings {
    std::vector<std::string> name_servers;   ///< "address:port"; empty: the system's
    std::chrono::milliseconds timeout{1000}; ///< of the first try; each further one waits longer
    int tries = 2;                           ///< a name server
    std::size_t most_queries = 1024;         ///< at once; beyond them resolve() fails at once
    DnsCacheLimits cache;
};

struct ResolverCounters {
    std::uint64_t queries = 0;  ///< sent to DNS (A and AAAA together count one)
    std::uint64_t joined = 0;   ///< requests that waited for a query under way
    std::uint64_t cached = 0;   ///< answered from the cache within the TTL
    std::uint64_t stale = 0;    ///< answered with the last good answer because DNS failed
    std::uint64_t failures = 0; ///< queries that failed
    std::uint64_t refused = 0;  ///< not asked: too many queries under way
};

/// Host names to addresses, A and AAAA, asynchronously: c-ares on the worker's own io_context, no
/// thread, nothing that blocks. One a worker; every call on the worker's thread.
///
/// This is the address step of RFC 3263 §4.2. NAPTR (§4.1) and SRV come above it, without changing
/// it: a `locate(uri, ticket)` asks for NAPTR and SRV records over the same channel, keeps them in
/// a table like DnsCache, and ends in resolve() for each target that the records name; `Resolved`
/// then carries endpoints with their transports where it now carries addresses.
class Resolver {
  public:
    /// `inbox` must outlive the resolver. Error: resolve_failed, if a name server is no address or
    /// c-ares can't start.
    static Result<std::unique_ptr<Resolver>> make(boost::asio::io_context& context, Inbox& inbox,
                                                  const ResolverSettings& settings);
    /// Queries under way are abandoned; nothing reaches the inbox any more.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// Answers by exactly one Resolved{ticket} in the inbox, never before it returns to the
    /// worker's loop: numeric hosts (IPv6 with or without brackets) and cached ones at once; IPv4
    /// before IPv6, else in the order of DNS. Queries for one host are joined. If DNS fails, the
    /// last good answer is given, else resolve_failed.
    void resolve(const std::string& host, Ticket ticket);

    /// Keeps these hosts, and no others, resolved from now on, in the background, each by its TTL:
    /// names of trusted servers (config::hosts_to_resolve). Numeric ones stand in the address book
    /// when this returns. Answers for hosts that are no longer kept stay cached for their time.
    void keep(const std::vector<std::string>& hosts);

    /// The addresses of all kept hosts: replaced as a whole when an answer changes it, so a compare
    /// of pointers tells whether it is still the same.
    [[nodiscard]] const AddressBookPtr& book() const noexcept;

    [[nodiscard]] const ResolverCounters& counters() const noexcept;

  private:
    struct Core;
    explicit Resolver(std::shared_ptr<Core> core);
    std::shared_ptr<Core> core_;
};

} // namespace roundabout::transport
