#include "transport/dns_cache.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::transport {
namespace {

// How long before the end of its TTL a kept answer is refreshed, at most.
constexpr Duration most_early = std::chrono::seconds(10);

} // namespace

DnsCache::Answer DnsCache::find(const DnsQuestion& question, TimePoint now) const {
    const auto found = entries_.find(question);
    if (found == entries_.end())
        return {};
    const Entry& entry = found->second;
    const bool may_ask = now >= entry.ask_from;
    if (!entry.records) {
        if (entry.failing && !may_ask)
            return {State::failed, false, nullptr};
        return {};
    }
    if (now < entry.expires)
        return {State::fresh, false, entry.records};
    if (entry.failing)
        return {State::stale, may_ask, entry.records};
    return {State::expired, true, entry.records};
}

bool DnsCache::store(const DnsQuestion& question, DnsRecords records, std::chrono::seconds ttl,
                     TimePoint now) {
    const std::chrono::seconds most = records.empty() ? limits_.most_none : limits_.most_ttl;
    const Duration life = std::clamp(ttl, std::min(limits_.least_ttl, most), most);
    Entry& known = entry(question, now);
    const bool changed = !known.records || *known.records != records;
    if (changed)
        known.records = std::make_shared<const DnsRecords>(std::move(records));
    known.expires = now + life;
    known.ask_from = known.expires - std::min(life / 4, most_early);
    known.failing = false;
    return changed;
}

void DnsCache::fail(const DnsQuestion& question, TimePoint now) {
    Entry& known = entry(question, now);
    known.failing = true;
    known.ask_from = now + limits_.retry;
}

bool DnsCache::is_failing(const DnsQuestion& question) const {
    const auto found = entries_.find(question);
    return found != entries_.end() && found->second.failing;
}

void DnsCache::asked(const DnsQuestion& question, TimePoint now) {
    const auto found = entries_.find(question);
    if (found != entries_.end())
        found->second.ask_from = now + limits_.retry;
}

void DnsCache::keep(const DnsQuestion& question) {
    Entry& known = entries_[question];
    if (!known.kept)
        ++kept_;
    known.kept = true;
}

void DnsCache::keep_none() {
    for (auto& [question, known] : entries_)
        known.kept = false;
    kept_ = 0;
}

bool DnsCache::is_kept(const DnsQuestion& question) const {
    const auto found = entries_.find(question);
    return found != entries_.end() && found->second.kept;
}

std::vector<DnsQuestion> DnsCache::due(TimePoint now) const {
    std::vector<DnsQuestion> questions;
    for (const auto& [question, known] : entries_) {
        if (known.kept && now >= known.ask_from)
            questions.push_back(question);
    }
    return questions;
}

TimePoint DnsCache::next_due() const {
    TimePoint next = never;
    for (const auto& [question, known] : entries_) {
        if (known.kept)
            next = std::min(next, known.ask_from);
    }
    return next;
}

DnsCache::Entry& DnsCache::entry(const DnsQuestion& question, TimePoint now) {
    const auto found = entries_.find(question);
    if (found != entries_.end())
        return found->second;
    if (entries_.size() - kept_ >= limits_.questions)
        make_room(now);
    return entries_[question];
}

void DnsCache::make_room(TimePoint now) {
    auto first_to_end = entries_.end();
    for (auto next = entries_.begin(); next != entries_.end();) {
        const Entry& known = next->second;
        const bool useless = !known.kept && known.expires <= now && known.ask_from <= now;
        if (useless) {
            next = entries_.erase(next);
            continue;
        }
        const bool sooner =
            first_to_end == entries_.end() || known.expires < first_to_end->second.expires;
        if (!known.kept && sooner)
            first_to_end = next;
        ++next;
    }
    if (entries_.size() - kept_ >= limits_.questions && first_to_end != entries_.end())
        entries_.erase(first_to_end);
}

} // namespace roundabout::transport
