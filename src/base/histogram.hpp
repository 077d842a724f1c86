#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace roundabout {

/// What a histogram held at one instant, or the sum of several.
struct HistogramValue {
    std::vector<std::uint64_t>
        counts; ///< by bucket, not cumulative; one more than there are bounds
    std::chrono::microseconds sum{0};

    /// Adds another one of the same bounds; an empty one takes it over.
    void add(const HistogramValue& other) {
        counts.resize(std::max(counts.size(), other.counts.size()));
        for (std::size_t i = 0; i < other.counts.size(); ++i)
            counts[i] += other.counts[i];
        sum += other.sum;
    }
};

/// How often something took how long. Written by one thread, read by anybody: relaxed, no
/// read-modify-write instruction, no allocation.
template <const auto& Bounds>
class Histogram {
  public:
    /// A duration falls into the first bucket whose bound is not below it.
    void add(Duration took) noexcept {
        const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took);
        std::size_t bucket = 0;
        while (bucket < Bounds.size() && Bounds[bucket] < micros)
            ++bucket;
        raise(counts_[bucket], 1);
        raise(sum_, static_cast<std::uint64_t>(micros.count()));
    }

    [[nodiscard]] HistogramValue value() const {
        HistogramValue value;
        for (const auto& count : counts_)
            value.counts.push_back(count.load(std::memory_order_relaxed));
        value.sum = std::chrono::microseconds(sum_.load(std::memory_order_relaxed));
        return value;
    }

    [[nodiscard]] static constexpr std::span<const std::chrono::microseconds> bounds() noexcept {
        return Bounds;
    }

  private:
    static void raise(std::atomic<std::uint64_t>& number, std::uint64_t by) noexcept {
        number.store(number.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }

    std::array<std::atomic<std::uint64_t>, Bounds.size() + 1> counts_{};
    std::atomic<std::uint64_t> sum_{0};
};

/// Bounds for what peers wait for: from a millisecond to a minute.
inline constexpr std::array<std::chrono::microseconds, 15> waiting_bounds{
    {std::chrono::microseconds(1'000), std::chrono::microseconds(2'500),
     std::chrono::microseconds(5'000), std::chrono::microseconds(10'000),
     std::chrono::microseconds(25'000), std::chrono::microseconds(50'000),
     std::chrono::microseconds(100'000), std::chrono::microseconds(250'000),
     std::chrono::microseconds(500'000), std::chrono::microseconds(1'000'000),
     std::chrono::microseconds(2'500'000), std::chrono::microseconds(5'000'000),
     std::chrono::microseconds(10'000'000), std::chrono::microseconds(30'000'000),
     std::chrono::microseconds(60'000'000)}};

/// Bounds for what this program does by itself: from 50 microseconds to five seconds.
inline constexpr std::array<std::chrono::microseconds, 14> working_bounds{
    {std::chrono::microseconds(50), std::chrono::microseconds(100), std::chrono::microseconds(250),
     std::chrono::microseconds(500), std::chrono::microseconds(1'000),
     std::chrono::microseconds(2'500), std::chrono::microseconds(5'000),
     std::chrono::microseconds(10'000), std::chrono::microseconds(25'000),
     std::chrono::microseconds(50'000), std::chrono::microseconds(100'000),
     std::chrono::microseconds(500'000), std::chrono::microseconds(1'000'000),
     std::chrono::microseconds(5'000'000)}};

using WaitingTimes = Histogram<waiting_bounds>;
using WorkingTimes = Histogram<working_bounds>;

} // namespace roundabout
