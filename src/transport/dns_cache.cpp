#include "transport/dns_cache.hpp"

#include "base/ascii.hpp"

#include <algorithm>

namespace roundabout::transport {
namespace {

// How long before the end of its TTL a kept answer is refreshed, at most.
constexpr Duration most_early = std::chrono::seconds(10);

} // namespace

DnsCache::Answer DnsCache::find(std::string_view host, TimePoint now) const {
    const auto found = entries_.find(ascii::to_lower(host));
    if (found == entries_.end())
        return {};
    const Entry& entry = found->second;
    const bool may_ask = now >= entry.ask_from;
    if (entry.addresses.empty()) {
        if (entry.failing && !may_ask)
            return {State::failed, false, nullptr};
        return {};
    }
    if (now < entry.expires)
        return {State::fresh, false, &entry.addresses};
    if (entry.failing)
        return {State::stale, may_ask, &entry.addresses};
    return {State::expired, true, &entry.addresses};
}

bool DnsCache::store(std::string_view host, std::vector<IpAddress> addresses,
                     std::chrono::seconds ttl, TimePoint now) {
    const Duration life = std::clamp(ttl, limits_.least_ttl, limits_.most_ttl);
    Entry& known = entry(host, now);
    const bool changed = known.addresses != addresses;
    known.addresses = std::move(addresses);
    known.expires = now + life;
    known.ask_from = known.expires - std::min(life / 4, most_early);
    known.failing = false;
    return changed;
}

void DnsCache::fail(std::string_view host, TimePoint now) {
    Entry& known = entry(host, now);
    known.failing = true;
    known.ask_from = now + limits_.retry;
}

void DnsCache::asked(std::string_view host, TimePoint now) {
    const auto found = entries_.find(ascii::to_lower(host));
    if (found != entries_.end())
        found->second.ask_from = now + limits_.retry;
}

void DnsCache::keep(std::string_view host) {
    Entry& known = entries_[ascii::to_lower(host)];
    if (!known.kept)
        ++kept_;
    known.kept = true;
}

void DnsCache::keep_none() {
    for (auto& [host, known] : entries_)
        known.kept = false;
    kept_ = 0;
}

bool DnsCache::is_kept(std::string_view host) const {
    const auto found = entries_.find(ascii::to_lower(host));
    return found != entries_.end() && found->second.kept;
}

std::vector<std::string> DnsCache::due(TimePoint now) const {
    std::vector<std::string> hosts;
    for (const auto& [host, known] : entries_) {
        if (known.kept && now >= known.ask_from)
            hosts.push_back(host);
    }
    return hosts;
}

TimePoint DnsCache::next_due() const {
    TimePoint next = never;
    for (const auto& [host, known] : entries_) {
        if (known.kept)
            next = std::min(next, known.ask_from);
    }
    return next;
}

std::vector<std::pair<std::string, std::vector<IpAddress>>> DnsCache::kept() const {
    std::vector<std::pair<std::string, std::vector<IpAddress>>> out;
    for (const auto& [host, known] : entries_) {
        if (known.kept && !known.addresses.empty())
            out.emplace_back(host, known.addresses);
    }
    return out;
}

DnsCache::Entry& DnsCache::entry(std::string_view host, TimePoint now) {
    std::string key = ascii::to_lower(host);
    const auto found = entries_.find(key);
    if (found != entries_.end())
        return found->second;
    if (entries_.size() - kept_ >= limits_.hosts)
        make_room(now);
    return entries_[std::move(key)];
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
    if (entries_.size() - kept_ >= limits_.hosts && first_to_end != entries_.end())
        entries_.erase(first_to_end);
}

} // namespace roundabout::transport
