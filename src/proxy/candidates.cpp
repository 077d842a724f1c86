#include "proxy/candidates.hpp"

#include "sip/locate.hpp"

#include <algorithm>

namespace roundabout::proxy {

void Candidates::add(const Location& location, std::uint16_t host) {
    for (const Candidate& candidate : sip::in_order(location, random_)) {
        if (std::ranges::find(places_, candidate, &Place::candidate) == places_.end())
            places_.push_back({candidate, host});
    }
}

void Candidates::put_failed_last(ServerHealth& health, TimePoint now) {
    if (places_.size() < 2 || health.all_up())
        return;
    std::vector<Place> good;
    std::vector<Place> bad;
    for (const Place& place : places_) {
        const bool usable = health.may_use(place.candidate, now, tries_ && good.empty());
        (usable ? good : bad).push_back(place);
    }
    good.insert(good.end(), bad.begin(), bad.end());
    places_ = std::move(good);
}

bool Candidates::put_first(const IpAddress& address) {
    const auto found = std::ranges::find_if(places_, [&address](const Place& place) {
        return place.candidate.remote.address == address;
    });
    if (found == places_.end())
        return false;
    std::rotate(places_.begin(), found, found + 1);
    return true;
}

void Candidates::put_first(const Candidate& place, std::uint16_t host) {
    places_.insert(places_.begin(), {place, host});
}

} // namespace roundabout::proxy
