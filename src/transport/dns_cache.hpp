#pragma once

#include "base/dns_records.hpp"
#include "base/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace roundabout::transport {

/// How long answers count.
struct DnsCacheLimits {
    std::chrono::seconds least_ttl{5};   ///< a shorter TTL, 0 included, counts as this
    std::chrono::seconds most_ttl{3600}; ///< a longer one as this
    std::chrono::seconds most_none{300}; ///< a longer one of "there is none" as this
    std::chrono::seconds retry{5};       ///< after a failure no query sooner than this
    std::size_t questions = 4096;        ///< kept ones not counted; the one that expires first goes
};

using DnsRecordsPtr = std::shared_ptr<const DnsRecords>;

/// What DNS said to questions, without asking it: a pure table with `now` as argument. Answers past
/// their TTL stay as the last good ones.
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
        bool ask = true;       ///< a query is due (for `stale` once every DnsCacheLimits::retry)
        DnsRecordsPtr records; ///< null for unknown and failed
    };

    [[nodiscard]] Answer find(const DnsQuestion& question, TimePoint now) const;

    /// An answer arrived; without records it says that there are none. Returns true if it differs
    /// from what stood there, or nothing did.
    bool store(const DnsQuestion& question, DnsRecords records, std::chrono::seconds ttl,
               TimePoint now);

    /// A query failed; what was good stays.
    void fail(const DnsQuestion& question, TimePoint now);

    /// The last query for it failed.
    [[nodiscard]] bool is_failing(const DnsQuestion& question) const;

    /// A query for a kept question went out: it is not due again before `retry` has passed.
    void asked(const DnsQuestion& question, TimePoint now);

    /// Has `question` refreshed for ever and never dropped. One without an answer is due at once.
    void keep(const DnsQuestion& question);
    /// No question is kept any more; what is known stays, as about any other.
    void keep_none();
    [[nodiscard]] bool is_kept(const DnsQuestion& question) const;

    /// The kept questions whose refresh is due: a quarter of the TTL (at most 10 s) before it ends,
    /// or `retry` after a failure.
    [[nodiscard]] std::vector<DnsQuestion> due(TimePoint now) const;
    /// When the next kept question falls due; `never` if none is kept.
    [[nodiscard]] TimePoint next_due() const;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  private:
    struct Entry {
        DnsRecordsPtr records; // null until the first answer
        TimePoint expires;
        TimePoint ask_from; // no query before that
        bool failing = false;
        bool kept = false;
    };

    Entry& entry(const DnsQuestion& question, TimePoint now);
    void make_room(TimePoint now);

    DnsCacheLimits limits_;
    std::map<DnsQuestion, Entry> entries_;
    std::size_t kept_ = 0;
};

} // namespace roundabout::transport
