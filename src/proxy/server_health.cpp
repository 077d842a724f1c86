#include "proxy/server_health.hpp"

#include "proxy/snapshot.hpp"

#include <algorithm>

namespace roundabout::proxy {

std::string_view words(PlaceState state) noexcept {
    switch (state) {
    case PlaceState::up:
        return "up";
    case PlaceState::down:
        return "down";
    case PlaceState::trying:
        return "trying";
    }
    return "";
}

std::string to_string(const Candidate& place) {
    return std::string(name(place.transport)) + " " + place.remote.to_string();
}

std::vector<ServerPlaceEntry> server_places(const Snapshot& snapshot) {
    std::vector<ServerPlaceEntry> places;
    for (std::size_t i = 0; i < snapshot.config->servers.size(); ++i) {
        const config::TrustedServer& server = snapshot.config->servers[i];
        const std::size_t begin = places.size();
        const auto add = [&](const Candidate& place) {
            const auto here =
                std::find_if(places.begin() + static_cast<std::ptrdiff_t>(begin), places.end(),
                             [&](const ServerPlaceEntry& entry) { return entry.place == place; });
            if (here == places.end())
                places.push_back({server.name, place, server.probe});
        };
        for (const config::ServerHost& host :
             snapshot.servers.hops(static_cast<config::ServerIndex>(i))) {
            for (const ServiceHost& at : host.location) {
                for (const IpAddress& address : at.addresses)
                    add({at.transport, {address, at.port}});
            }
        }
    }
    return places;
}

void ServerHealth::know(const std::vector<ServerPlaceEntry>& places) {
    const std::scoped_lock lock(mutex_);
    if (places == places_)
        return;
    places_ = places;
    for (auto& [place, entry] : entries_)
        entry.known = entry.probed = false;
    for (const ServerPlaceEntry& place : places_) {
        Entry& entry = entries_[place.place];
        entry.known = true;
        entry.probed = entry.probed || place.probe > Duration::zero();
    }
    std::erase_if(entries_, [this](const auto& each) {
        const bool gone = !each.second.known;
        if (gone && each.second.state != PlaceState::up)
            --not_up_;
        return gone;
    });
}

void ServerHealth::set(Entry& entry, PlaceState state, TimePoint now) {
    if (entry.state == PlaceState::up && state != PlaceState::up)
        ++not_up_;
    else if (entry.state != PlaceState::up && state == PlaceState::up)
        --not_up_;
    if (entry.state != state)
        entry.since = now;
    entry.state = state;
}

bool ServerHealth::failed(const Candidate& place, TimePoint now, Duration wait, bool asked) {
    const std::scoped_lock lock(mutex_);
    if (entries_.size() >= places_.size() + most)
        forget_some(now);
    if (const auto found = entries_.find(place);
        wait <= Duration::zero() && (found == entries_.end() || !found->second.probed))
        return false;
    Entry& entry = entries_[place];
    const bool was_up = entry.state == PlaceState::up;
    entry.until = now + wait;
    entry.asked = asked ? entry.until : TimePoint{};
    entry.wait = wait;
    entry.times_down += was_up ? 1 : 0;
    set(entry, PlaceState::down, now);
    return was_up;
}

bool ServerHealth::up_again(Entry& entry, TimePoint now) {
    const bool was_up = entry.state == PlaceState::up;
    set(entry, PlaceState::up, now);
    return !was_up;
}

bool ServerHealth::answered(const Candidate& place, TimePoint now) {
    if (all_up())
        return false;
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(place);
    if (found == entries_.end())
        return false;
    const bool news = up_again(found->second, now);
    if (!found->second.known)
        entries_.erase(found);
    return news;
}

void ServerHealth::probe_sent(const Candidate& place) {
    const std::scoped_lock lock(mutex_);
    if (const auto found = entries_.find(place); found != entries_.end())
        ++found->second.probes;
}

bool ServerHealth::probe_answered(const Candidate& place, TimePoint now) {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(place);
    if (found == entries_.end()) // it left the configuration meanwhile
        return false;
    ++found->second.probes_answered;
    return now >= found->second.asked && up_again(found->second, now);
}

bool ServerHealth::may_use(const Candidate& place, TimePoint now, bool first) {
    if (all_up())
        return true;
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(place);
    if (found == entries_.end() || found->second.state == PlaceState::up)
        return true;
    Entry& entry = found->second;
    if (entry.probed || now < entry.until || !first)
        return false;
    entry.until = now + entry.wait; // one at a time; nothing may come of it (a CANCEL, say)
    set(entry, PlaceState::trying, now);
    return true;
}

std::vector<PlaceHealth> ServerHealth::snapshot() const {
    const std::scoped_lock lock(mutex_);
    std::vector<PlaceHealth> all;
    all.reserve(places_.size());
    for (const ServerPlaceEntry& place : places_) {
        const Entry& entry = entries_.at(place.place);
        all.push_back({place.server, place.place, place.probe, entry.state, entry.since,
                       entry.times_down, entry.probes, entry.probes_answered});
    }
    return all;
}

std::size_t ServerHealth::size() const {
    const std::scoped_lock lock(mutex_);
    return entries_.size();
}

/// Of hosts that are no servers (strict_host off): first what has passed, then what there is.
void ServerHealth::forget_some(TimePoint now) {
    const auto forget = [this](const auto& may_go) {
        for (auto next = entries_.begin();
             entries_.size() >= places_.size() + most / 2 && next != entries_.end();) {
            const bool goes = !next->second.known && may_go(next->second);
            if (goes && next->second.state != PlaceState::up)
                --not_up_;
            next = goes ? entries_.erase(next) : std::next(next);
        }
    };
    forget([now](const Entry& entry) { return entry.until <= now; });
    forget([](const Entry&) { return true; });
}

} // namespace roundabout::proxy
