#include "transaction/loop/async.hpp"
#include "transaction/loop/loop.hpp"
#include "transaction/loop/mailbox.hpp"
#include "transaction/loop/task.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start = TimePoint(1'000s);

Task note(Loop& /*loop*/, std::vector<int>& into, int number) {
    into.push_back(number);
    co_return;
}

Task note_each(Loop& /*loop*/, Mailbox<int>& inbox, std::vector<int>& into) {
    while (const Taken<int> event = co_await inbox.next(never))
        into.push_back(*event);
}

Task note_deadline(Loop& loop, Mailbox<int>& inbox, TimePoint deadline, TimePoint& when) {
    const Taken<int> event = co_await inbox.next(deadline);
    CHECK_FALSE(static_cast<bool>(event));
    when = loop.now();
}

Task fail(Loop& /*loop*/) {
    throw std::runtime_error("on purpose");
    co_return;
}

Task hold(Loop& /*loop*/, Mailbox<int>& inbox, std::shared_ptr<int> /*held*/) {
    co_await inbox.next(never);
}

Task spawn_another(Loop& loop, Scope& scope, std::vector<int>& into) {
    into.push_back(1);
    scope.spawn(note(loop, into, 3));
    into.push_back(2);
    co_return;
}

Async<int> half(Loop& /*loop*/, Mailbox<int>& inbox) {
    const Taken<int> event = co_await inbox.next(never);
    const int value = *event;
    if (value % 2 != 0)
        throw std::runtime_error("odd");
    co_return value / 2;
}

Async<void> nothing(Loop& /*loop*/) { co_return; }

Async<std::unique_ptr<int>> quarter(Loop& loop, Mailbox<int>& inbox) {
    const int value = co_await half(loop, inbox);
    co_return std::make_unique<int>(value / 2);
}

Task note_quarter(Loop& loop, Mailbox<int>& inbox, std::vector<int>& into) {
    const std::unique_ptr<int> value = co_await quarter(loop, inbox);
    into.push_back(*value);
    co_await nothing(loop);
    into.push_back(0);
}

Task note_odd(Loop& loop, Mailbox<int>& inbox, std::string& into) {
    try {
        co_await half(loop, inbox);
    } catch (const std::runtime_error& error) {
        into = error.what();
    }
}

/// A coroutine that is a member function.
class Counter {
  public:
    explicit Counter(Loop& loop)
        : inbox_(loop) {}
    Task count(Loop& loop, int until) {
        for (; count_ < until; ++count_)
            co_await wait(loop);
    }
    [[nodiscard]] int value() const { return count_; }
    [[nodiscard]] Mailbox<int>& inbox() { return inbox_; }

  private:
    Async<void> wait(Loop& /*loop*/) { co_await inbox_.next(never); }

    Mailbox<int> inbox_;
    int count_ = 0;
};

} // namespace

TEST_CASE("A spawned task runs at run(), not before, in the order of spawning") {
    Loop loop(start);
    Scope scope(loop);
    std::vector<int> seen;
    scope.spawn(note(loop, seen, 1));
    scope.spawn(note(loop, seen, 2));
    CHECK(seen.empty());
    CHECK(loop.live() == 2);
    CHECK(loop.next_deadline() == start);
    CHECK(loop.run() == 2);
    CHECK(seen == std::vector<int>{1, 2});
    CHECK(loop.live() == 0);
    CHECK(loop.next_deadline() == never);
}

TEST_CASE("A task that is dropped instead of spawned never runs") {
    Loop loop(start);
    std::vector<int> seen;
    {
        const Task dropped = note(loop, seen, 1);
    }
    loop.run();
    CHECK(seen.empty());
    CHECK(loop.frames().in_use() == 0);
}

TEST_CASE("Nobody is resumed inside somebody else's stack") {
    Loop loop(start);
    Scope scope(loop);
    std::vector<int> seen;
    scope.spawn(spawn_another(loop, scope, seen));
    loop.run();
    CHECK(seen == std::vector<int>{1, 2, 3});
}

TEST_CASE("Events reach a waiting task in order, and wake it once for as many as gather") {
    Loop loop(start);
    Scope scope(loop);
    Mailbox<int> inbox(loop);
    std::vector<int> seen;
    scope.spawn(note_each(loop, inbox, seen));
    loop.run();
    for (int i = 0; i < 10; ++i)
        CHECK(inbox.put(i));
    CHECK(seen.empty());
    CHECK(loop.run() == 1);
    CHECK(seen == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("A deadline resumes at its moment and not before") {
    Loop loop(start);
    Scope scope(loop);
    Mailbox<int> inbox(loop);
    TimePoint when{};
    scope.spawn(note_deadline(loop, inbox, start + 500ms, when));
    loop.run();
    loop.advance(start + 499ms);
    CHECK(loop.run() == 0);
    loop.advance(start + 500ms);
    CHECK(loop.run() == 1);
    CHECK(when == start + 500ms);
}

TEST_CASE("A deadline that has passed does not suspend") {
    Loop loop(start);
    Scope scope(loop);
    Mailbox<int> inbox(loop);
    TimePoint when{};
    scope.spawn(note_deadline(loop, inbox, start, when));
    CHECK(loop.run() == 1);
    CHECK(when == start);
}

TEST_CASE("An exception ends its task alone and is reported") {
    Loop loop(start);
    Scope scope(loop);
    std::vector<int> seen;
    std::string reported;
    loop.on_exception([&reported](const std::exception_ptr& error) {
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& known) {
            reported = known.what();
        }
    });
    scope.spawn(fail(loop));
    scope.spawn(note(loop, seen, 1));
    loop.run();
    CHECK(reported == "on purpose");
    CHECK(seen == std::vector<int>{1});
    CHECK(scope.idle());
    CHECK(loop.frames().in_use() == 0);
}

TEST_CASE("A scope tells when its last task has ended") {
    Loop loop(start);
    Scope scope(loop);
    int idle = 0;
    scope.on_idle([&idle] { ++idle; });
    std::vector<int> seen;
    scope.spawn(note(loop, seen, 1));
    scope.spawn(note(loop, seen, 2));
    CHECK_FALSE(scope.idle());
    loop.run();
    CHECK(idle == 1);
    CHECK(scope.count() == 0);
}

TEST_CASE("A scope that goes takes its tasks along, waiting or never begun") {
    Loop loop(start);
    Mailbox<int> inbox(loop);
    const auto held = std::make_shared<int>(1);
    {
        Scope scope(loop);
        scope.spawn(hold(loop, inbox, held));
        loop.run();
        scope.spawn(hold(loop, inbox, held));
        CHECK(held.use_count() == 3);
    }
    CHECK(held.use_count() == 1);
    CHECK(loop.live() == 0);
    CHECK(inbox.put(1));
    CHECK(loop.run() == 0);
}

TEST_CASE("A loop that goes first destroys the frames of every scope") {
    const auto held = std::make_shared<int>(1);
    auto loop = std::make_unique<Loop>(start);
    Mailbox<int> inbox(*loop);
    Scope first(*loop);
    Scope second(*loop);
    first.spawn(hold(*loop, inbox, held));
    second.spawn(hold(*loop, inbox, held));
    loop->run();
    second.spawn(hold(*loop, inbox, held));
    CHECK(held.use_count() == 4);
    loop.reset();
    CHECK(held.use_count() == 1);
    CHECK(first.idle());
}

TEST_CASE("A step hands its value back to the task that awaits it") {
    Loop loop(start);
    Scope scope(loop);
    Mailbox<int> inbox(loop);
    std::vector<int> seen;
    scope.spawn(note_quarter(loop, inbox, seen));
    loop.run();
    CHECK(seen.empty());
    inbox.put(12);
    loop.run();
    CHECK(seen == std::vector<int>{3, 0});
    CHECK(loop.frames().in_use() == 0);
}

TEST_CASE("A step hands its exception back to the task that awaits it") {
    Loop loop(start);
    Scope scope(loop);
    Mailbox<int> inbox(loop);
    std::string seen;
    scope.spawn(note_odd(loop, inbox, seen));
    loop.run();
    inbox.put(13);
    loop.run();
    CHECK(seen == "odd");
    CHECK(scope.idle());
}

TEST_CASE("A task that is destroyed within a step takes the step along") {
    Loop loop(start);
    Mailbox<int> inbox(loop);
    std::vector<int> seen;
    {
        Scope scope(loop);
        scope.spawn(note_quarter(loop, inbox, seen));
        loop.run();
        CHECK(loop.frames().in_use() == 3);
    }
    CHECK(loop.frames().in_use() == 0);
    inbox.put(12);
    CHECK(loop.run() == 0);
}

TEST_CASE("A member function can be a task and a step") {
    Loop loop(start);
    Scope scope(loop);
    Counter counter(loop);
    scope.spawn(counter.count(loop, 3));
    loop.run();
    for (int i = 0; i < 3; ++i)
        counter.inbox().put(i);
    loop.run();
    CHECK(counter.value() == 3);
    CHECK(scope.idle());
}

TEST_CASE("Frames are reused: once warm, tasks cost no allocation") {
    Loop loop(start);
    Scope scope(loop);
    std::vector<int> seen;
    scope.spawn(note(loop, seen, 1));
    loop.run();
    const std::size_t refills = loop.frames().refills();
    for (int i = 0; i < 1000; ++i) {
        scope.spawn(note(loop, seen, i));
        loop.run();
    }
    CHECK(loop.frames().refills() == refills);
}

TEST_CASE("A frame pool gives out distinct aligned blocks of every size, and takes them back") {
    FramePool pool;
    std::vector<void*> blocks;
    for (std::size_t size = 1; size < 2 * FramePool::largest; size += 61) {
        auto* const block = static_cast<unsigned char*>(pool.allocate(size));
        CHECK(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t) == 0);
        std::fill_n(block, size, static_cast<unsigned char>(size));
        blocks.push_back(block);
    }
    std::size_t index = 0;
    for (std::size_t size = 1; size < 2 * FramePool::largest; size += 61, ++index) {
        const auto* const block = static_cast<unsigned char*>(blocks[index]);
        CHECK(block[0] == static_cast<unsigned char>(size));
        CHECK(block[size - 1] == static_cast<unsigned char>(size));
    }
    CHECK(pool.in_use() == blocks.size());
    for (void* const block : blocks)
        FramePool::release(block);
    CHECK(pool.in_use() == 0);
}
