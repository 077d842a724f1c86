#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

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
        std::optional<Value>& oldest = slot(0);
        out.emplace(std::move(*oldest));
        oldest.reset();
        first_ = (first_ + 1) & (capacity() - 1);
        --size_;
    }

  private:
    static_assert(Inline != 0 && (Inline & (Inline - 1)) == 0, "a power of two");
    using Slot = std::optional<Value>;

    [[nodiscard]] std::size_t capacity() const noexcept { return heap_ ? heap_capacity_ : Inline; }
    [[nodiscard]] Slot& slot(std::size_t position) noexcept {
        Slot* const slots = heap_ ? heap_.get() : inline_.data();
        return slots[(first_ + position) & (capacity() - 1)];
    }
    void grow() {
        const std::size_t larger = capacity() * 2;
        auto slots = std::make_unique<Slot[]>(larger);
        for (std::size_t i = 0; i < size_; ++i)
            slots[i] = std::move(slot(i));
        for (Slot& old : inline_)
            old.reset();
        heap_ = std::move(slots);
        heap_capacity_ = larger;
        first_ = 0;
    }

    std::array<Slot, Inline> inline_;
    std::unique_ptr<Slot[]> heap_;
    std::size_t heap_capacity_ = 0;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

} // namespace roundabout::transaction
