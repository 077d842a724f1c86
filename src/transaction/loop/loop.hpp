#pragma once

#include "base/time.hpp"
#include "transaction/loop/frame_pool.hpp"
#include "transaction/loop/link.hpp"
#include "transaction/loop/timer_wheel.hpp"

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <utility>

namespace roundabout::transaction {

class Loop;
class Scope;
class Task;

/// One coroutine that waits: its place in the timer wheel or on the ready list (it is never in
/// both), and what to resume.
class Waiter : public TimerNode {
  public:
    void set_handle(std::coroutine_handle<> handle) noexcept { handle_ = handle; }

  private:
    friend class Loop;
    std::coroutine_handle<> handle_;
};

/// Runs the transactions of one worker, in time that its owner tells it: no clock, no thread, no
/// socket. The owner calls `advance(now)` and `run()` whenever something may have happened, then
/// sleeps until `next_deadline()` at the latest.
///
/// Waking a coroutine only puts it on the ready list; `run()` resumes one after another, so nobody
/// is ever resumed inside somebody else's stack. For one thread.
class Loop {
  public:
    explicit Loop(TimePoint now = TimePoint{});
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    /// Destroys the frames of all tasks that still run, whatever scope they belong to. Mailboxes
    /// and scopes may outlive the loop only to be destroyed.
    ~Loop();

    /// The last moment told by `advance()`.
    [[nodiscard]] TimePoint now() const noexcept { return now_; }

    /// Tells the time; an older moment than the last is ignored. Coroutines whose deadline has come
    /// are put on the ready list, none is resumed.
    void advance(TimePoint now) noexcept;

    /// Resumes what is ready until nothing is. Returns how many resumptions that took. Must not be
    /// called by a coroutine of this loop.
    std::size_t run();

    /// When `advance()` and `run()` are due without any new event: `now()` if something is ready,
    /// `never` if nothing waits for a moment. May be earlier than the earliest deadline
    /// (TimerWheel::next_deadline), never later.
    [[nodiscard]] TimePoint next_deadline() noexcept;

    /// Tasks spawned and not ended, over all scopes.
    [[nodiscard]] std::size_t live() const noexcept { return live_; }

    /// Told of every exception that ended a task. Without a hook it is dropped. The hook must not
    /// throw.
    void on_exception(std::function<void(std::exception_ptr)> hook) { hook_ = std::move(hook); }

    [[nodiscard]] FramePool& frames() noexcept { return frames_; }

    // For awaitables (mailbox.hpp) and tasks.

    /// Resumes `waiter` at `deadline`, unless it is woken before.
    void arm(Waiter& waiter, TimePoint deadline) noexcept;
    /// Puts `waiter` at the end of the ready list, wherever it was.
    void wake(Waiter& waiter) noexcept;
    void report(std::exception_ptr error) noexcept;

  private:
    friend class Scope;

    FramePool frames_; // first: the last to go
    TimePoint now_;
    TimerWheel wheel_;
    Link ready_;
    Link scopes_;
    std::function<void(std::exception_ptr)> hook_;
    std::size_t live_ = 0;
};

/// Owns tasks: none outlives it. Destroying a scope destroys the frames of the tasks that still run
/// (their locals' destructors run, their code doesn't); to end them in good order tell them, await
/// `idle()`, then destroy the scope. Not to be destroyed by one of its own tasks.
class Scope : private Link {
  public:
    explicit Scope(Loop& loop) noexcept;
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

    /// Takes the task over and puts it on the ready list. It runs at the next `Loop::run()`, or
    /// later within the one under way.
    void spawn(Task task);

    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] bool idle() const noexcept { return count_ == 0; }
    /// Called each time the last task has ended by itself, from within `Loop::run()`.
    void on_idle(std::function<void()> callback) { on_idle_ = std::move(callback); }
    [[nodiscard]] Loop& loop() const noexcept { return *loop_; }

    /// Destroys the frames of all its tasks. `on_idle` isn't called.
    void destroy_tasks() noexcept;

  private:
    friend class TaskPromise;
    friend class Loop;
    void ended();

    Loop* loop_;
    Link tasks_;
    std::function<void()> on_idle_;
    std::size_t count_ = 0;
};

} // namespace roundabout::transaction
