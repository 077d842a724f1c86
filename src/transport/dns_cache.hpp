#pragma once

#include "base/endpoint.hpp"
#include "base/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace roundabout::transport {

/// How long answers count.
struct DnsCacheLimits {
    std::chrono::seconds least_ttl{5};   ///< a shorter TTL, 0 included, counts as this
    std::chrono::seconds most_ttl{3600}; ///< a longer one as this
    std::chrono::seconds retry{5};       ///< after a failure no query sooner than this
    std::size_t hosts = 4096; ///< kept hosts not counted; the one that expires first goes
};

/// What DNS said about hosts, without asking it: a pure table with `now` as argument. Host names
/// are compared without case. Answers past their TTL stay as the last good ones.
class DnsCache {
  public:
    explicit DnsCache(DnsCacheLimits limits = {})
        : limits_(limits) {}

    enum class State : std::uint8_t {
        unknown, ///< never asked, or forgotten: ask
        fresh,   ///< within its TTL
        expired, ///< past its TTL, and nobody failed to refresh it yet: ask, and wait for the
                 ///< answer
        stale,   ///< past its TTL, and the last refresh failed: serve it
        failed,  ///< never answered, and the last attempt failed a short time ago: an error at once
    };

    struct Answer {
        State state = State::unknown;
        bool ask = true; ///< a query is due (for `stale` once every DnsCacheLimits::retry)
        const std::vector<IpAddress>* addresses = nullptr; ///< null for unknown and failed
    };

    /// The pointer is valid until the next call that changes the table.
    [[nodiscard]] Answer find(std::string_view host, TimePoint now) const;

    /// An answer arrived. Returns true if the addresses differ from those that stood there, or
    /// there were none. `addresses` must not be empty.
    bool store(std::string_view host, std::vector<IpAddress> addresses, std::chrono::seconds ttl,
               TimePoint now);

    /// A query failed; what was good stays.
    void fail(std::string_view host, TimePoint now);

    /// A query for a kept host went out: it is not due again before `retry` has passed.
    void asked(std::string_view host, TimePoint now);

    /// Has `host` refreshed for ever and never dropped. One without an answer is due at once.
    void keep(std::string_view host);
    /// No host is kept any more; what is known about them stays, as about any other.
    void keep_none();
    [[nodiscard]] bool is_kept(std::string_view host) const;

    /// The kept hosts whose refresh is due: a quarter of the TTL (at most 10 s) before it ends, or
    /// `retry` after a failure.
    [[nodiscard]] std::vector<std::string> due(TimePoint now) const;
    /// When the next kept host falls due; `never` if none is kept.
    [[nodiscard]] TimePoint next_due() const;

    /// Every kept host that has addresses, as the table has them now.
    [[nodiscard]] std::vector<std::pair<std::string, std::vector<IpAddress>>> kept() const;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  private:
    struct Entry {
        std::vector<IpAddress> addresses;
        TimePoint expires;
        TimePoint ask_from; // no query before that
        bool failing = false;
        bool kept = false;
    };

    Entry& entry(std::string_view host, TimePoint now);
    void make_room(TimePoint now);

    DnsCacheLimits limits_;
    std::unordered_map<std::string, Entry> entries_; // by host in lower case
    std::size_t kept_ = 0;
};

} // namespace roundabout::transport
