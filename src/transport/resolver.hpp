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
    std::size_t most_queries = 1024;         ///< at once; a question beyond them fails at once
    DnsCacheLimits cache;
};

struct ResolverCounters {
    std::uint64_t queries = 0;  ///< sent to DNS (A and AAAA together count one)
    std::uint64_t joined = 0;   ///< questions that waited for a query under way
    std::uint64_t cached = 0;   ///< answered from the cache within the TTL
    std::uint64_t stale = 0;    ///< answered with the last good answer because DNS failed
    std::uint64_t failures = 0; ///< queries that failed
    std::uint64_t refused = 0;  ///< not asked: too many queries under way
};

/// RFC 3263 over DNS, asynchronously: c-ares on the worker's own io_context, no thread, nothing
/// that blocks. What is to be asked, and what follows, sip::locate() says; this asks, and keeps the
/// answers. One a worker; every call on the worker's thread.
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
    /// worker's loop: at once for addresses and what is cached. Queries for one question are
    /// joined. If one fails, the last good answer counts, else it is as if there were no such
    /// record: where DNS does not answer for SRV, a name's own addresses are better than nothing.
    /// resolve_failed if that leads nowhere.
    void locate(const Sought& sought, Ticket ticket);

    /// Keeps these, and nothing else, located from now on, in the background, each answer by its
    /// TTL: trusted servers (config::places_to_keep). Addresses stand in the book when this
    /// returns. The answers of what is no longer kept stay cached for their time.
    void keep(const std::vector<Sought>& places);

    /// All that is kept, as far as it is known: replaced as a whole when an answer changes it, so a
    /// compare of pointers tells whether it is still the same. What was there once and can't be
    /// located any more stays as it was.
    [[nodiscard]] const AddressBookPtr& book() const noexcept;

    [[nodiscard]] const ResolverCounters& counters() const noexcept;

  private:
    struct Core;
    explicit Resolver(std::shared_ptr<Core> core);
    std::shared_ptr<Core> core_;
};

} // namespace roundabout::transport
