#include "transaction/loop/loop.hpp"

#include "transaction/loop/task.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::transaction {

Loop::Loop(TimePoint now)
    : now_(now)
    , wheel_(now) {}

Loop::~Loop() {
    while (scopes_.linked()) {
        auto& scope = static_cast<Scope&>(*scopes_.next());
        scope.destroy_tasks();
        scope.unlink();
        scope.loop_ = nullptr;
    }
}

void Loop::advance(TimePoint now) noexcept {
    now_ = std::max(now_, now);
    wheel_.advance(now_, ready_);
}

std::size_t Loop::run() {
    std::size_t resumed = 0;
    for (; ready_.linked(); ++resumed) {
        auto& waiter = static_cast<Waiter&>(*ready_.next());
        waiter.unlink();
        waiter.handle_.resume();
    }
    return resumed;
}

TimePoint Loop::next_deadline() noexcept { return ready_.linked() ? now_ : wheel_.next_deadline(); }

void Loop::arm(Waiter& waiter, TimePoint deadline) noexcept { wheel_.arm(waiter, deadline); }

void Loop::wake(Waiter& waiter) noexcept { waiter.append_to(ready_); }

void Loop::report(std::exception_ptr error) noexcept {
    if (hook_)
        hook_(std::move(error));
}

Scope::Scope(Loop& loop) noexcept
    : loop_(&loop) {
    append_to(loop.scopes_);
}

Scope::~Scope() { destroy_tasks(); }

void Scope::spawn(Task task) {
    const auto handle = std::exchange(task.handle_, nullptr);
    TaskPromise& promise = handle.promise();
    promise.scope_ = this;
    promise.append_to(tasks_);
    promise.start_.set_handle(handle);
    ++count_;
    ++loop_->live_;
    loop_->wake(promise.start_);
}

void Scope::destroy_tasks() noexcept {
    while (tasks_.linked()) {
        auto& promise = static_cast<TaskPromise&>(*tasks_.next());
        promise.unlink();
        --count_;
        --loop_->live_;
        std::coroutine_handle<TaskPromise>::from_promise(promise).destroy();
    }
}

void Scope::ended() {
    --count_;
    --loop_->live_;
    if (count_ == 0 && on_idle_) {
        const auto callback = on_idle_; // it may destroy this scope
        callback();
    }
}

void TaskPromise::End::await_suspend(std::coroutine_handle<TaskPromise> handle) noexcept {
    Scope& scope = *handle.promise().scope_;
    handle.destroy();
    scope.ended();
}

void TaskPromise::unhandled_exception() noexcept {
    scope_->loop().report(std::current_exception());
}

} // namespace roundabout::transaction
