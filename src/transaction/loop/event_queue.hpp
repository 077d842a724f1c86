#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace roundabout::transaction {

/// A first-in first-out queue whose first few elements need no allocation; beyond them it grows by
/// doubling. `Value` is movable without throwing.
template <class Value, std::size_t Inline>
class EventQueue {
  public:
    EventQueue() = default;
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;
    ~EventQueue() = default;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    void push(Value value) {
        if (size_ == capacity())
            grow();
        slot(size_).emplace(std::move(value));
        ++size_;
    }

    /// Writes the oldest element into `out` and takes it off. There must be one.
    void pop(std::optional<Value>& out) noexcept {
        out = std::exchange(slot(0), std::nullopt);
        first_ = (first_ + 1) & (capacity() - 1);
        --size_;
    }

  private:
    static_assert(Inline != 0 && (Inline & (Inline - 1)) == 0, "a power of two");
    using Slot = std::optional<Value>;

    [[nodiscard]] std::size_t capacity() const noexcept {
        return heap_.empty() ? Inline : heap_.size();
    }
    [[nodiscard]] Slot& slot(std::size_t position) noexcept {
        Slot* const slots = heap_.empty() ? inline_.data() : heap_.data();
        return slots[(first_ + position) & (capacity() - 1)];
    }
    void grow() {
        std::vector<Slot> slots(capacity() * 2);
        for (std::size_t i = 0; i < size_; ++i)
            slots[i] = std::move(slot(i));
        for (Slot& old : inline_)
            old.reset();
        heap_ = std::move(slots);
        first_ = 0;
    }

    std::array<Slot, Inline> inline_;
    std::vector<Slot> heap_; ///< once the inline slots did not do
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

} // namespace roundabout::transaction
