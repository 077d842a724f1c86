#include "transaction/loop/timer_wheel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <random>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction;
using namespace std::chrono_literals;

namespace {

struct Node : TimerNode {
    std::optional<TimePoint> deadline; ///< as the reference sees it
};

constexpr TimePoint start = TimePoint(1'000'000s);

/// Takes what expired off the list, in order.
std::vector<Node*> take(Link& expired) {
    std::vector<Node*> nodes;
    while (expired.linked()) {
        auto* const node = static_cast<Node*>(expired.next());
        node->unlink();
        nodes.push_back(node);
    }
    return nodes;
}

std::vector<Node*> advance(TimerWheel& wheel, TimePoint now) {
    Link expired;
    wheel.advance(now, expired);
    return take(expired);
}

TimePoint rounded_up(TimePoint deadline) {
    return TimePoint(std::chrono::ceil<std::chrono::milliseconds>(deadline.time_since_epoch()));
}

/// Some moments soon, some late, some in the past, seldom on a whole millisecond.
TimePoint random_deadline(TimePoint now, std::mt19937_64& random) {
    const auto magnitude = std::uniform_int_distribution<int>(0, 55)(random);
    const auto limit = std::int64_t{1} << magnitude;
    const auto offset = std::uniform_int_distribution<std::int64_t>(-limit / 8, limit)(random);
    return now + Duration(offset);
}

void check_expired(std::vector<Node>& nodes, const std::vector<Node*>& expired, TimePoint now) {
    for (Node* const node : expired) {
        REQUIRE(node->deadline.value_or(never) <= now);
        node->deadline.reset();
    }
    for (const Node& node : nodes)
        REQUIRE((!node.deadline || rounded_up(*node.deadline) > now));
}

void check_next(TimerWheel& wheel, const std::vector<Node>& nodes, TimePoint now) {
    TimePoint earliest = never;
    for (const Node& node : nodes)
        earliest = std::min(earliest, node.deadline ? rounded_up(*node.deadline) : never);
    const TimePoint next = wheel.next_deadline();
    REQUIRE(next <= std::max(earliest, now));
    REQUIRE((next == never) == (earliest == never));
}

} // namespace

TEST_CASE("A timer wheel fires exactly what a sorted list would, over random arms and disarms") {
    for (const unsigned seed : {1U, 2U, 3U, 4U}) {
        std::mt19937_64 random(seed);
        TimePoint now = start;
        TimerWheel wheel(now);
        std::vector<Node> nodes(100);
        for (int step = 0; step < 20'000; ++step) {
            Node& node = nodes[random() % nodes.size()];
            switch (random() % 8) {
            case 0:
                TimerWheel::disarm(node);
                node.deadline.reset();
                break;
            case 1:
                now += Duration(static_cast<std::int64_t>(random() % 100'000'000));
                check_expired(nodes, advance(wheel, now), now);
                break;
            case 2:
                now = std::max(now, std::min(wheel.next_deadline(), now + 24h * 365));
                check_expired(nodes, advance(wheel, now), now);
                break;
            default:
                node.deadline = random_deadline(now, random);
                wheel.arm(node, *node.deadline);
            }
            check_next(wheel, nodes, now);
        }
    }
}

TEST_CASE("A timer wheel never fires early and at most a millisecond late") {
    TimerWheel wheel(start);
    Node node;
    wheel.arm(node, start + 1500us);
    CHECK(advance(wheel, start + 1499us).empty());
    CHECK(advance(wheel, start + 1999us).empty());
    CHECK(advance(wheel, start + 2ms) == std::vector<Node*>{&node});
}

TEST_CASE("A timer wheel lets earlier ticks go first, however far they were armed ahead") {
    TimerWheel wheel(start);
    std::vector<Node> nodes(6);
    const std::array<Duration, 6> deadlines = {90s, 3ms, 5h, 64ms, 4096ms, 1ms};
    for (std::size_t i = 0; i < nodes.size(); ++i)
        wheel.arm(nodes[i], start + deadlines[i]);
    const std::vector<Node*> expected = {&nodes[5], &nodes[1], &nodes[3],
                                         &nodes[4], &nodes[0], &nodes[2]};
    CHECK(advance(wheel, start + 24h) == expected);
    CHECK(wheel.next_deadline() == never);
}

TEST_CASE("A timer armed for a moment that has passed fires at the next advance") {
    TimerWheel wheel(start);
    Node node;
    wheel.arm(node, start - 1s);
    CHECK(wheel.next_deadline() <= start);
    CHECK(advance(wheel, start) == std::vector<Node*>{&node});
}

TEST_CASE("Arming again moves a timer, and arming for never disarms it") {
    TimerWheel wheel(start);
    Node node;
    wheel.arm(node, start + 10ms);
    wheel.arm(node, start + 20ms);
    CHECK(advance(wheel, start + 15ms).empty());
    CHECK(advance(wheel, start + 20ms).size() == 1);
    wheel.arm(node, start + 30ms);
    wheel.arm(node, never);
    CHECK_FALSE(node.pending());
    CHECK(wheel.next_deadline() == never);
}

TEST_CASE("A destroyed timer leaves the wheel by itself") {
    TimerWheel wheel(start);
    {
        Node node;
        wheel.arm(node, start + 10ms);
    }
    CHECK(wheel.next_deadline() == never);
    CHECK(advance(wheel, start + 1s).empty());
}

TEST_CASE("A timer wheel holds the farthest moment there is") {
    TimerWheel wheel(start);
    Node node;
    wheel.arm(node, never - Duration(1));
    CHECK(wheel.next_deadline() < never);
    CHECK(advance(wheel, start + 24h * 365 * 100).empty());
    CHECK(node.pending());
}

TEST_CASE("Time that goes back is ignored by the timer wheel") {
    TimerWheel wheel(start);
    Node node;
    CHECK(advance(wheel, start + 1s).empty());
    CHECK(advance(wheel, start).empty());
    wheel.arm(node, start + 500ms);
    CHECK(advance(wheel, start).size() == 1);
}

TEST_CASE("Stepping from next_deadline to next_deadline meets every deadline at its millisecond") {
    std::mt19937_64 random(7);
    TimerWheel wheel(start);
    std::vector<Node> nodes(200);
    for (Node& node : nodes) {
        node.deadline = start + Duration(static_cast<std::int64_t>(random() % 40'000'000'000'000));
        wheel.arm(node, *node.deadline);
    }
    std::size_t fired = 0;
    std::size_t steps = 0;
    for (TimePoint now = wheel.next_deadline(); now != never;
         now = wheel.next_deadline(), ++steps) {
        for (const Node* node : advance(wheel, now)) {
            CHECK(rounded_up(node->deadline.value_or(start)) == now);
            ++fired;
        }
    }
    CHECK(fired == nodes.size());
    CHECK(steps <= nodes.size() * 8);
}
