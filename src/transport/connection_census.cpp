#include "transport/connection_census.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace roundabout::transport {
namespace {

IpAddress counted_source(const IpAddress& address) noexcept {
    if (address.is_v4())
        return address;
    std::array<std::uint8_t, 16> bytes = address.bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return IpAddress::v6(bytes);
}

} // namespace

struct ConnectionCensus::State {
    State(std::size_t most, std::size_t most_of_source)
        : in_all(most)
        , per_source(most_of_source) {}

    std::size_t in_all;
    std::size_t per_source;
    std::mutex mutex;
    std::size_t taken = 0;
    std::unordered_map<IpAddress, std::size_t> by_source;
};

ConnectionCensus::ConnectionCensus(std::size_t in_all, std::size_t per_source)
    : state_(std::make_shared<State>(in_all, per_source)) {}

boost::system::result<ConnectionCensus::Seat, ConnectionCensus::Full> ConnectionCensus::take() {
    const std::scoped_lock lock(state_->mutex);
    if (state_->taken >= state_->in_all)
        return Full::in_all;
    ++state_->taken;
    return Seat(state_);
}

boost::system::result<ConnectionCensus::Seat, ConnectionCensus::Full>
ConnectionCensus::take(const IpAddress& source) {
    auto seat = take();
    if (seat && !seat->assign(source))
        return Full::of_source;
    return seat;
}

void ConnectionCensus::set_limits(std::size_t in_all, std::size_t per_source) {
    const std::scoped_lock lock(state_->mutex);
    state_->in_all = in_all;
    state_->per_source = per_source;
}

std::size_t ConnectionCensus::taken() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->taken;
}

bool ConnectionCensus::Seat::assign(const IpAddress& source) {
    if (!state_ || source_)
        return true;
    const IpAddress counted = counted_source(source);
    const std::scoped_lock lock(state_->mutex);
    std::size_t& of_source = state_->by_source[counted];
    if (of_source >= state_->per_source) {
        if (of_source == 0)
            state_->by_source.erase(counted);
        return false;
    }
    ++of_source;
    source_ = counted;
    return true;
}

ConnectionCensus::Seat& ConnectionCensus::Seat::operator=(Seat&& other) noexcept {
    if (this != &other) {
        give_back();
        state_ = std::move(other.state_);
        source_ = other.source_;
    }
    return *this;
}

void ConnectionCensus::Seat::give_back() noexcept {
    if (!state_)
        return;
    const std::shared_ptr<State> state = std::move(state_);
    const std::scoped_lock lock(state->mutex);
    --state->taken;
    if (!source_)
        return;
    const auto found = state->by_source.find(*source_);
    if (--found->second == 0)
        state->by_source.erase(found);
}

} // namespace roundabout::transport
