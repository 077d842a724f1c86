#pragma once

namespace roundabout::transaction {

/// A place in a doubly linked ring. An element derives from it; a ring's head is a bare Link. An
/// element is in one ring at a time and leaves it when it is destroyed, so a ring never holds a
/// dead element. All operations are O(1).
class Link {
  public:
    Link() noexcept = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() { unlink(); }

    /// In a ring with others; for a head: the ring isn't empty.
    [[nodiscard]] bool linked() const noexcept { return next_ != this; }
    [[nodiscard]] Link* next() const noexcept { return next_; }

    void unlink() noexcept {
        prev_->next_ = next_;
        next_->prev_ = prev_;
        prev_ = next_ = this;
    }
    /// Leaves its ring, if it is in one, and becomes the last of `head`'s.
    void append_to(Link& head) noexcept {
        unlink();
        prev_ = head.prev_;
        next_ = &head;
        head.prev_->next_ = this;
        head.prev_ = this;
    }
    /// For a head: takes over all elements of the ring `other`, in order, behind its own.
    void append_all(Link& other) noexcept {
        if (!other.linked())
            return;
        prev_->next_ = other.next_;
        other.next_->prev_ = prev_;
        prev_ = other.prev_;
        prev_->next_ = this;
        other.prev_ = other.next_ = &other;
    }

  private:
    Link* prev_ = this;
    Link* next_ = this;
};

} // namespace roundabout::transaction
