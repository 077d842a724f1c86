#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace roundabout::transaction {

template <class Value>
class EventQueue;

/// One element taken off an EventQueue; or nothing. It stays in the place that was made for it, so
/// that a coroutine that waits for the next one keeps no room for it.
template <class Value>
class Taken {
  public:
    Taken() noexcept = default;

    [[nodiscard]] explicit operator bool() const noexcept { return element_ != nullptr; }
    // Only where there is one.
    [[nodiscard]] Value& operator*() const noexcept { return element_->value; }
    [[nodiscard]] Value* operator->() const noexcept { return &element_->value; }

  private:
    friend class EventQueue<Value>;
    struct Element {
        Value value;
        std::unique_ptr<Element> next;
    };
    explicit Taken(std::unique_ptr<Element> element) noexcept
        : element_(std::move(element)) {}

    std::unique_ptr<Element> element_;
};

/// A first-in first-out queue that takes 24 bytes while it is empty, and memory of its own for each
/// element.
template <class Value>
class EventQueue {
  public:
    EventQueue() = default;
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;
    ~EventQueue() {
        while (first_) // one after another: as a chain they would go by recursion
            first_ = std::move(first_->next);
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    void push(Value&& value) {
        std::unique_ptr<Element> element(new Element{std::move(value), nullptr});
        Element* const last = element.get();
        (first_ ? last_->next : first_) = std::move(element);
        last_ = last;
        ++size_;
    }

    /// The oldest element; nothing if there is none.
    [[nodiscard]] Taken<Value> pop() noexcept {
        std::unique_ptr<Element> oldest = std::move(first_);
        if (oldest) {
            first_ = std::move(oldest->next);
            --size_;
        }
        return Taken<Value>(std::move(oldest));
    }

  private:
    using Element = typename Taken<Value>::Element;

    std::unique_ptr<Element> first_;
    Element* last_ = nullptr; ///< while there is one
    std::uint32_t size_ = 0;
};

} // namespace roundabout::transaction
