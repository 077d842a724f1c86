#include "transport/tap.hpp"

#include <utility>

namespace roundabout::transport {

void Tap::put(bool sent, const Flow& flow, std::uint16_t worker, std::string_view bytes) {
    Passed passed{std::chrono::system_clock::now(), sent, flow, worker, std::string(bytes)};
    const std::scoped_lock lock(mutex_);
    if (!wake_)
        return; // closed meanwhile
    if (waiting_.size() >= most_messages || bytes_ + passed.bytes.size() > most_bytes) {
        ++lost_;
        return;
    }
    bytes_ += passed.bytes.size();
    waiting_.push_back(std::move(passed));
    if (waiting_.size() == 1)
        wake_();
}

void Tap::open(std::function<void()> wake) {
    const std::scoped_lock lock(mutex_);
    wake_ = std::move(wake);
    wanted_.store(true, std::memory_order_relaxed);
}

void Tap::close() {
    wanted_.store(false, std::memory_order_relaxed);
    const std::scoped_lock lock(mutex_);
    wake_ = nullptr;
    std::vector<Passed>().swap(waiting_);
    bytes_ = 0;
    lost_ = 0;
}

std::uint64_t Tap::take(std::vector<Passed>& into) {
    into.clear();
    const std::scoped_lock lock(mutex_);
    waiting_.swap(into);
    bytes_ = 0;
    return std::exchange(lost_, 0);
}

} // namespace roundabout::transport
