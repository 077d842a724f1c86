#pragma once

#include "transaction/loop/event_queue.hpp"
#include "transaction/loop/link.hpp"
#include "transaction/loop/loop.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace roundabout::transaction {

template <class Event>
class MailboxRef;

/// The inbox of one coroutine, the only thing that it awaits:
///
///     const Taken<Event> event = co_await inbox.next(deadline);
///
/// Bounded. Everybody on the loop's thread may put events in; one coroutine takes them out. It
/// lives in that coroutine's frame or in an object that the frame owns. Small while it is empty,
/// since a call that rings keeps three of them.
template <class Event>
class Mailbox {
  public:
    static constexpr std::uint32_t default_limit = 64;

    explicit Mailbox(Loop& loop, std::uint32_t limit = default_limit) noexcept
        : loop_(loop)
        , limit_(limit) {}
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;
    ~Mailbox();

    /// Adds an event and wakes the coroutine if it waits. False, and the event is gone, if `limit`
    /// events are waiting already; the caller counts that.
    bool put(Event event) {
        if (events_.size() >= limit_)
            return false;
        events_.push(std::move(event));
        if (next_ != nullptr)
            loop_.wake(waiter_);
        return true;
    }

    /// For an event that may be lost under load (a retransmission, a provisional response): refused
    /// once half of the places are taken, so that it never pushes out one that matters.
    bool put_expendable(Event event) {
        return events_.size() < limit_ / 2 && put(std::move(event));
    }

    class Next;
    /// Awaits the oldest event; nothing if `deadline` comes first. An event that is there when the
    /// coroutine runs wins over a deadline that has passed; no event is lost by a deadline, none is
    /// delivered twice. With `never` there is always an event. Does not suspend if there is an
    /// event or the deadline has passed.
    [[nodiscard]] Next next(TimePoint deadline) noexcept { return Next(*this, deadline); }

    [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
    [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
    [[nodiscard]] Loop& loop() const noexcept { return loop_; }

  private:
    friend class MailboxRef<Event>;

    Loop& loop_;
    EventQueue<Event> events_;
    std::uint32_t limit_;
    Waiter waiter_;
    Next* next_ = nullptr; ///< whom `waiter_` would resume
    Link refs_;
};

/// See `Mailbox::next`. Lives within one co_await expression.
template <class Event>
class Mailbox<Event>::Next {
  public:
    Next(Mailbox& mailbox, TimePoint deadline) noexcept
        : mailbox_(mailbox)
        , deadline_(deadline) {}
    Next(const Next&) = delete;
    Next& operator=(const Next&) = delete;
    /// A frame that is destroyed while it waits must not be resumed by a later event.
    ~Next() {
        if (suspended_)
            leave();
    }

    [[nodiscard]] bool await_ready() const noexcept {
        return !mailbox_.events_.empty() || deadline_ <= mailbox_.loop_.now();
    }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
        suspended_ = true;
        mailbox_.next_ = this;
        mailbox_.waiter_.set_handle(handle);
        mailbox_.loop_.arm(mailbox_.waiter_, deadline_);
    }
    Taken<Event> await_resume() noexcept {
        if (suspended_)
            leave();
        return mailbox_.events_.pop();
    }

  private:
    friend class Mailbox;
    void leave() noexcept {
        suspended_ = false;
        mailbox_.next_ = nullptr;
        mailbox_.waiter_.unlink();
    }

    Mailbox& mailbox_;
    TimePoint deadline_;
    bool suspended_ = false; ///< and the mailbox is still there
};

/// A way to a mailbox that may end first: then it leads nowhere. Copyable; 24 bytes, no allocation.
template <class Event>
class MailboxRef : private Link {
  public:
    MailboxRef() noexcept = default;
    explicit MailboxRef(Mailbox<Event>& mailbox) noexcept { follow(&mailbox); }
    MailboxRef(const MailboxRef& other) noexcept
        : Link() {
        follow(other.mailbox_);
    }
    MailboxRef& operator=(const MailboxRef& other) noexcept {
        if (this != &other)
            follow(other.mailbox_);
        return *this;
    }
    ~MailboxRef() = default;

    /// False if the mailbox is full or gone.
    // NOLINTNEXTLINE(readability-make-member-function-const): it changes what it refers to.
    bool put(Event event) { return mailbox_ != nullptr && mailbox_->put(std::move(event)); }
    // NOLINTNEXTLINE(readability-make-member-function-const)
    bool put_expendable(Event event) {
        return mailbox_ != nullptr && mailbox_->put_expendable(std::move(event));
    }
    [[nodiscard]] explicit operator bool() const noexcept { return mailbox_ != nullptr; }

  private:
    friend class Mailbox<Event>;
    void follow(Mailbox<Event>* mailbox) noexcept {
        mailbox_ = mailbox;
        if (mailbox_ != nullptr)
            append_to(mailbox_->refs_);
        else
            unlink();
    }

    Mailbox<Event>* mailbox_ = nullptr;
};

template <class Event>
Mailbox<Event>::~Mailbox() {
    // A coroutine that waits for a mailbox that has gone is never resumed; it is destroyed with its
    // scope, and must not look for the mailbox then.
    if (next_ != nullptr)
        next_->suspended_ = false;
    while (refs_.linked()) {
        auto& ref = static_cast<MailboxRef<Event>&>(*refs_.next());
        ref.follow(nullptr);
    }
}

} // namespace roundabout::transaction
