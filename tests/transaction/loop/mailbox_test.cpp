#include "transaction/loop/event_queue.hpp"
#include "transaction/loop/mailbox.hpp"
#include "transaction/loop/task.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start = TimePoint(1'000s);

/// Owns what it counts, so that a leak or a second delivery shows.
using Parcel = std::unique_ptr<int>;

struct Seen {
    std::vector<int> events;
    int deadlines = 0;
};

/// Waits `interval` at most for each event, until event 0.
Task receive(Loop& loop, Mailbox<Parcel>& inbox, Duration interval, Seen& seen) {
    while (true) {
        const TimePoint deadline = loop.now() + interval;
        const Taken<Parcel> event = co_await inbox.next(deadline);
        if (!event) {
            CHECK(loop.now() >= deadline);
            ++seen.deadlines;
            continue;
        }
        if (**event == 0)
            co_return;
        seen.events.push_back(**event);
    }
}

/// Waits until a deadline and takes whatever is there.
Task take_one(Loop& /*loop*/, Mailbox<int>& inbox, TimePoint deadline, std::optional<int>& into) {
    const Taken<int> event = co_await inbox.next(deadline);
    if (event)
        into = *event;
}

struct OwnInbox {
    explicit OwnInbox(Loop& loop)
        : inbox(loop) {}
    Mailbox<int> inbox;
};

Task own(Loop& /*loop*/, std::unique_ptr<OwnInbox> self) { co_await self->inbox.next(never); }

} // namespace

TEST_CASE("An event and a deadline in the same tick: 20000 events, none lost, none twice") {
    std::mt19937 random(11);
    Loop loop(start);
    Scope scope(loop);
    Mailbox<Parcel> inbox(loop);
    Seen seen;
    scope.spawn(receive(loop, inbox, 1ms, seen));
    loop.run();
    std::vector<int> sent;
    TimePoint now = start;
    for (int number = 1; number <= 20'000; ++number) {
        // Either order of timer and event, with or without a run between, and sometimes neither.
        const auto order = random() % 6;
        if (order == 0 || order == 1)
            loop.advance(now += 1ms);
        if (order == 1)
            loop.run();
        CHECK(inbox.put(std::make_unique<int>(number)));
        sent.push_back(number);
        if (order == 2 || order == 3)
            loop.advance(now += 1ms);
        if (order != 4 || inbox.size() > 30)
            loop.run();
    }
    inbox.put(std::make_unique<int>(0));
    loop.run();
    CHECK(seen.events == sent);
    CHECK(seen.deadlines > 1000);
    CHECK(scope.idle());
}

TEST_CASE("An event that is there wins over a deadline that has passed") {
    Loop loop(start);
    Scope scope(loop);
    Mailbox<int> inbox(loop);
    std::optional<int> taken;
    inbox.put(7);
    scope.spawn(take_one(loop, inbox, start - 1s, taken));
    loop.run();
    CHECK(taken == 7);
}

TEST_CASE("An event that comes after the timer fired and before the task runs is taken") {
    Loop loop(start);
    Scope scope(loop);
    Mailbox<int> inbox(loop);
    std::optional<int> taken;
    scope.spawn(take_one(loop, inbox, start + 1s, taken));
    loop.run();
    loop.advance(start + 1s);
    inbox.put(7);
    CHECK(loop.run() == 1);
    CHECK(taken == 7);
    CHECK(loop.next_deadline() == never);
}

TEST_CASE("A mailbox is bounded, and says so") {
    Loop loop(start);
    Mailbox<int> inbox(loop, 5);
    for (int i = 0; i < 5; ++i)
        CHECK(inbox.put(i));
    CHECK_FALSE(inbox.put(5));
    CHECK(inbox.size() == 5);
}

TEST_CASE("Expendable events leave half of a mailbox to those that matter") {
    Loop loop(start);
    Mailbox<int> inbox(loop, 8);
    int taken = 0;
    while (inbox.put_expendable(taken))
        ++taken;
    CHECK(taken == 4);
    CHECK(inbox.put(99));
}

TEST_CASE("A reference to a mailbox that has gone leads nowhere") {
    Loop loop(start);
    MailboxRef<int> ref;
    CHECK_FALSE(ref.put(1));
    MailboxRef<int> copy;
    {
        Mailbox<int> inbox(loop);
        ref = MailboxRef<int>(inbox);
        copy = ref;
        const MailboxRef<int> third(copy); // NOLINT(performance-unnecessary-copy-initialization)
        CHECK(static_cast<bool>(third));
        CHECK(copy.put(1));
        CHECK(inbox.size() == 1);
    }
    CHECK_FALSE(static_cast<bool>(ref));
    CHECK_FALSE(ref.put(1));
    CHECK_FALSE(copy.put_expendable(1));
}

TEST_CASE("A mailbox may go before the task that waits for it, which then waits for ever") {
    Loop loop(start);
    Scope scope(loop);
    {
        Mailbox<int> inbox(loop);
        std::optional<int> taken;
        scope.spawn(take_one(loop, inbox, start + 1s, taken));
        loop.run();
    }
    loop.advance(start + 2s);
    CHECK(loop.run() == 0);
    CHECK(scope.count() == 1);
}

TEST_CASE("A mailbox in an object that the frame owns goes with the frame") {
    Loop loop(start);
    MailboxRef<int> ref;
    {
        Scope scope(loop);
        auto object = std::make_unique<OwnInbox>(loop);
        ref = MailboxRef<int>(object->inbox);
        scope.spawn(own(loop, std::move(object)));
        loop.run();
        CHECK(static_cast<bool>(ref));
    }
    CHECK_FALSE(static_cast<bool>(ref));
}

TEST_CASE("An event queue keeps order, and lets go of what is in it") {
    std::mt19937 random(5);
    const auto witness = std::make_shared<int>(0);
    {
        EventQueue<std::shared_ptr<int>> queue;
        std::deque<int> reference;
        for (int step = 0; step < 20'000; ++step) {
            if (!reference.empty() && random() % (step % 200 < 100 ? 3 : 2) == 0) {
                const Taken<std::shared_ptr<int>> value = queue.pop();
                REQUIRE(static_cast<bool>(value));
                REQUIRE(**value == reference.front());
                reference.pop_front();
            } else if (reference.size() < 500) {
                queue.push(std::make_shared<int>(step));
                reference.push_back(step);
            }
            REQUIRE(queue.size() == reference.size());
        }
        while (!queue.empty())
            static_cast<void>(queue.pop());
        CHECK_FALSE(static_cast<bool>(queue.pop()));
        for (int i = 0; i < 3; ++i)
            queue.push(std::shared_ptr<int>(witness));
        const Taken<std::shared_ptr<int>> oldest = queue.pop();
        CHECK(witness.use_count() == 4);
    }
    CHECK(witness.use_count() == 1);
}
