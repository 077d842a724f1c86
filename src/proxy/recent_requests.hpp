#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace roundabout::proxy {

/// Which worker took a request that came by a stream, for a while. A stream's request belongs to
/// the worker that has the connection; its retransmission, CANCEL or ACK may come by another
/// connection to another worker, which looks here. One for all workers; no lock, one load or store
/// a call. A hint: two requests that fall into one slot leave the later one.
class RecentRequests {
  public:
    /// Holds nothing where there is a single worker.
    explicit RecentRequests(std::uint16_t workers)
        : slots_(workers > 1 ? slot_count : 0) {}

    /// `owner` as `routing::owner_hash` gives it.
    void note(std::uint64_t owner, std::uint16_t worker) noexcept {
        if (!slots_.empty() && worker < no_worker)
            slot(owner).store(word(owner, worker), std::memory_order_relaxed);
    }

    [[nodiscard]] std::optional<std::uint16_t> worker_of(std::uint64_t owner) const noexcept {
        if (slots_.empty())
            return std::nullopt;
        const std::uint64_t found =
            slots_[owner % slot_count].load(std::memory_order_relaxed) ^ word(owner, 0);
        if (found >= no_worker) // empty, or another request's
            return std::nullopt;
        return static_cast<std::uint16_t>(found);
    }

  private:
    static constexpr std::size_t slot_count = std::size_t{1} << 17U; // 1 MB
    static constexpr std::uint64_t no_worker = 0xFF;

    /// The hash without its lowest byte, which the slot's number repeats, and the worker there.
    static std::uint64_t word(std::uint64_t owner, std::uint16_t worker) noexcept {
        return (owner | no_worker) - no_worker + worker;
    }
    std::atomic<std::uint64_t>& slot(std::uint64_t owner) noexcept {
        return slots_[owner % slot_count];
    }

    std::vector<std::atomic<std::uint64_t>> slots_;
};

} // namespace roundabout::proxy
