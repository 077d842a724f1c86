#pragma once

#include "base/flow.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::transport {

/// A message as it came or went.
struct Passed {
    std::chrono::system_clock::time_point at;
    bool sent = false; ///< else it was received
    Flow flow;
    std::uint16_t worker = 0;
    std::string bytes;
};

/// Where copies of all messages go while somebody watches. One for all workers. While nobody does,
/// the workers pay one relaxed load a message.
class Tap {
  public:
    /// How much waits for whoever watches; what is beyond is lost and counted.
    static constexpr std::size_t most_messages = 8192;
    static constexpr std::size_t most_bytes = std::size_t{16} << 20U;

    [[nodiscard]] bool wanted() const noexcept { return wanted_.load(std::memory_order_relaxed); }

    /// From any worker's thread. Copies the message.
    void put(bool sent, const Flow& flow, std::uint16_t worker, std::string_view bytes);

    /// From now on messages are wanted. `wake` is called, from whatever thread puts the first
    /// message into an empty tap, to have take() called soon.
    void open(std::function<void()> wake);
    /// Nothing is wanted any more, and what waits is dropped.
    void close();
    /// All that waits, in the order in which it came; returns how many were lost since the last
    /// call. `into` is cleared first.
    std::uint64_t take(std::vector<Passed>& into);

  private:
    std::atomic<bool> wanted_{false};
    std::mutex mutex_;
    std::function<void()> wake_;
    std::vector<Passed> waiting_;
    std::size_t bytes_ = 0;
    std::uint64_t lost_ = 0;
};

} // namespace roundabout::transport
