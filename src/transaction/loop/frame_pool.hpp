#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace roundabout::transaction {

/// The memory of one worker's coroutine frames: free lists by size, so that a frame that ended
/// makes room for the next one without a call to the allocator. For one thread. Frames larger than
/// `largest` come from the allocator.
class FramePool {
  public:
    static constexpr std::size_t step = 16;
    static constexpr std::size_t largest = 4096;

    FramePool() = default;
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;
    ~FramePool();

    /// Aligned for any ordinary type. Throws std::bad_alloc.
    [[nodiscard]] void* allocate(std::size_t size);
    /// Gives a block back to the pool that it came from. That pool must still be there.
    static void release(void* block) noexcept;

    /// Blocks given out and not yet released.
    [[nodiscard]] std::size_t in_use() const noexcept { return in_use_; }
    /// Times that the allocator was asked for memory; stands still once the pool is warm.
    [[nodiscard]] std::size_t refills() const noexcept { return refills_; }

  private:
    struct Header;
    struct FreeBlock {
        FreeBlock* next;
    };
    /// A block of `size` from the allocator; its neighbours of that size go on the free list.
    [[nodiscard]] std::byte* refill(std::size_t size);

    std::array<FreeBlock*, largest / step> free_{};
    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    std::size_t in_use_ = 0;
    std::size_t refills_ = 0;
};

} // namespace roundabout::transaction
