#pragma once

#include "transaction/loop/pooled_frame.hpp"

#include <coroutine>
#include <utility>

namespace roundabout::transaction {

class TaskPromise;

/// The return type of a coroutine that a Scope runs:
///
///     Task serve(Loop& loop, std::shared_ptr<const sip::Message> request);
///     scope.spawn(serve(loop, request));
///
/// The Loop comes first among the parameters (after the object for a member function); the others
/// are taken by value, since the frame outlives the call. Nothing runs before `spawn()`; a Task
/// that is dropped instead never runs. An exception that leaves the coroutine ends that task alone
/// and is reported to `Loop::on_exception`.
class [[nodiscard]] Task {
  public:
    using promise_type = TaskPromise;

    Task(Task&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)) {}
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_)
            handle_.destroy();
    }

  private:
    friend class TaskPromise;
    friend class Scope;
    explicit Task(std::coroutine_handle<TaskPromise> handle) noexcept
        : handle_(handle) {}

    std::coroutine_handle<TaskPromise> handle_;
};

/// What the compiler asks of a Task's coroutine; in its scope's ring while it runs.
class TaskPromise : public PooledFrame, private Link {
  public:
    /// Ends the frame, then lets the scope count.
    struct End {
        static bool await_ready() noexcept { return false; }
        static void await_suspend(std::coroutine_handle<TaskPromise> handle) noexcept;
        static void await_resume() noexcept {}
    };

    Task get_return_object() noexcept {
        return Task(std::coroutine_handle<TaskPromise>::from_promise(*this));
    }
    static std::suspend_always initial_suspend() noexcept { return {}; }
    static End final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    void unhandled_exception() noexcept;

  private:
    friend class Scope;
    Scope* scope_ = nullptr;
    Waiter start_;
};

} // namespace roundabout::transaction
