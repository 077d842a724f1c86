#pragma once

#include "transaction/loop/pooled_frame.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace roundabout::transaction {

template <class T>
class Async;

/// What the promises of Async<T> and Async<void> have in common: who waits, and what went wrong.
class AsyncPromiseBase : public PooledFrame {
  public:
    struct Return {
        static bool await_ready() noexcept { return false; }
        template <class Promise>
        static std::coroutine_handle<>
        await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            return handle.promise().caller_;
        }
        static void await_resume() noexcept {}
    };

    static std::suspend_always initial_suspend() noexcept { return {}; }
    static Return final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { error_ = std::current_exception(); }

  protected:
    template <class>
    friend class Async;
    void rethrow() const {
        if (error_)
            std::rethrow_exception(error_);
    }

    std::coroutine_handle<> caller_;
    std::exception_ptr error_;
};

template <class T>
class AsyncPromise : public AsyncPromiseBase {
  public:
    Async<T> get_return_object() noexcept;
    template <class Value>
    void return_value(Value&& value) {
        value_.emplace(std::forward<Value>(value));
    }
    T result() {
        rethrow();
        if (!value_)
            std::terminate(); // it returned or threw, else nobody would ask
        return std::move(*value_);
    }

  private:
    std::optional<T> value_;
};

template <>
class AsyncPromise<void> : public AsyncPromiseBase {
  public:
    Async<void> get_return_object() noexcept;
    static void return_void() noexcept {}
    void result() const { rethrow(); }
};

/// The return type of a step of a Task, itself a coroutine:
///
///     Async<bool> find_targets(Loop& loop, Mailbox<Event>& inbox);
///     const bool found = co_await find_targets(loop, inbox);
///
/// It starts when awaited, on the awaiting coroutine's turn, and hands back its value or its
/// exception. The Loop comes first among the parameters. References are fine as parameters as long
/// as the call is awaited where it is made. Await it once.
template <class T>
class [[nodiscard]] Async {
  public:
    using promise_type = AsyncPromise<T>;

    Async(Async&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)) {}
    Async(const Async&) = delete;
    Async& operator=(const Async&) = delete;
    Async& operator=(Async&&) = delete;
    ~Async() {
        if (handle_)
            handle_.destroy();
    }

    static bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        handle_.promise().caller_ = caller;
        return handle_;
    }
    T await_resume() { return handle_.promise().result(); }

  private:
    friend promise_type;
    explicit Async(std::coroutine_handle<promise_type> handle) noexcept
        : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
};

template <class T>
Async<T> AsyncPromise<T>::get_return_object() noexcept {
    return Async<T>(std::coroutine_handle<AsyncPromise>::from_promise(*this));
}

inline Async<void> AsyncPromise<void>::get_return_object() noexcept {
    return Async<void>(std::coroutine_handle<AsyncPromise>::from_promise(*this));
}

} // namespace roundabout::transaction
