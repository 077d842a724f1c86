#include "transaction/loop/frame_pool.hpp"

#include <algorithm>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define ROUNDABOUT_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROUNDABOUT_POISON 1
#endif
#endif
#ifdef ROUNDABOUT_POISON
#include <sanitizer/asan_interface.h>
#endif

namespace roundabout::transaction {

namespace {

constexpr std::size_t chunk_size = 16384;

// AddressSanitizer doesn't know that a block on a free list is dead; it is told, so that a use of a
// frame that ended is still found.
void poison([[maybe_unused]] void* block, [[maybe_unused]] std::size_t size) noexcept {
#ifdef ROUNDABOUT_POISON
    __asan_poison_memory_region(block, size);
#endif
}
void unpoison([[maybe_unused]] void* block, [[maybe_unused]] std::size_t size) noexcept {
#ifdef ROUNDABOUT_POISON
    __asan_unpoison_memory_region(block, size);
#endif
}

} // namespace

/// Precedes every block: where it goes back to.
struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) FramePool::Header {
    FramePool* pool;
    std::size_t size; ///< header included; beyond `largest`: the allocator's
};

FramePool::~FramePool() {
    for (auto& chunk : chunks_)
        unpoison(chunk.get(), chunk_size);
}

void* FramePool::allocate(std::size_t size) {
    const std::size_t whole = (size + sizeof(Header) + step - 1) / step * step;
    void* place = nullptr;
    if (whole > largest) {
        ++refills_;
        place = ::operator new(whole);
    } else {
        FreeBlock*& list = free_[whole / step - 1];
        if (list != nullptr) {
            place = list;
            unpoison(place, whole);
            list = list->next;
        } else {
            place = refill(whole);
        }
    }
    ++in_use_;
    return ::new (place) Header{.pool = this, .size = whole} + 1;
}

void FramePool::release(void* block) noexcept {
    Header* const header = static_cast<Header*>(block) - 1;
    FramePool& pool = *header->pool;
    const std::size_t whole = header->size;
    --pool.in_use_;
    if (whole > largest) {
        ::operator delete(header);
        return;
    }
    FreeBlock*& list = pool.free_[whole / step - 1];
    list = ::new (static_cast<void*>(header)) FreeBlock{.next = list};
    poison(list + 1, whole - sizeof(FreeBlock));
}

std::byte* FramePool::refill(std::size_t size) {
    ++refills_;
    std::byte* const chunk =
        chunks_.emplace_back(std::make_unique_for_overwrite<std::byte[]>(chunk_size)).get();
    FreeBlock*& list = free_[size / step - 1];
    for (std::size_t offset = size; offset + size <= chunk_size; offset += size) {
        list = ::new (static_cast<void*>(chunk + offset)) FreeBlock{.next = list};
        poison(list + 1, size - sizeof(FreeBlock));
    }
    return chunk;
}

} // namespace roundabout::transaction
