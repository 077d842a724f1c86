// A transaction from its request to its end, and the wheel that its timers turn on.
#include "bench/core/message_file.hpp"
#include "proxy/proxy_scene.hpp"
#include "sip/parser.hpp"
#include "transaction/loop/timer_wheel.hpp"

#include <benchmark/benchmark.h>
#include <cstdint>
#include <deque>
#include <string>

using namespace roundabout;
using namespace roundabout::proxy::test;

namespace {

/// A browser's MESSAGE to a UDP server and its 200, through the whole core, one a millisecond: with
/// the end of the transaction of five seconds before, whose Timer K expires.
void message_and_its_end(benchmark::State& state) {
    ProxyScene scene;
    scene.place.config.limits.messages_per_source = scene.place.config.limits.messages_burst =
        1'000'000;
    scene.reconfigure();
    const bench::MessageFile request("message.sip");
    const bench::MessageFile response("200.sip");
    const auto arrive = [&scene](const Flow& from, std::string text) {
        scene.worker.take(
            transport::Inbound{*sip::index_message(std::move(text), sip::Framing::datagram), from});
        scene.loop.run();
    };
    scene.network.open[browser(1).id] = browser(1);
    int number = 0;
    for (auto _ : state) {
        scene.network.sent.clear();
        arrive(browser(1), request.fill(++number));
        if (scene.network.sent.empty())
            return state.SkipWithError("the MESSAGE was not forwarded");
        arrive(pbx(), response.fill(number, scene.network.sent.back().bytes));
        scene.pass(std::chrono::milliseconds(1));
    }
    scene.network.sent.clear();
}
BENCHMARK(message_and_its_end);

/// Arms one node far ahead and takes it out again, among others.
void arm_and_disarm(benchmark::State& state) {
    using namespace std::chrono_literals;
    transaction::TimerWheel wheel(start);
    std::deque<transaction::TimerNode> others(static_cast<std::size_t>(state.range(0)));
    auto wait = 1ms;
    for (transaction::TimerNode& node : others)
        wheel.arm(node, start + (wait = wait % 32s + 7ms));
    transaction::TimerNode node;
    for (auto _ : state) {
        wheel.arm(node, start + 32s);
        transaction::TimerWheel::disarm(node);
    }
}
BENCHMARK(arm_and_disarm)->Arg(1)->Arg(10'000)->Arg(100'000);

/// Time goes on by a millisecond; what expires is armed anew, 32 s ahead.
void advance_a_millisecond(benchmark::State& state) {
    using namespace std::chrono_literals;
    transaction::TimerWheel wheel(start);
    std::deque<transaction::TimerNode> nodes(static_cast<std::size_t>(state.range(0)));
    auto wait = 1ms;
    for (transaction::TimerNode& node : nodes)
        wheel.arm(node, start + (wait = wait % 32s + 7ms));
    TimePoint now = start;
    std::int64_t expired = 0;
    for (auto _ : state) {
        now += 1ms;
        transaction::Link due;
        wheel.advance(now, due);
        for (; due.linked(); ++expired)
            wheel.arm(static_cast<transaction::TimerNode&>(*due.next()), now + 32s);
    }
    state.counters["expired"] = static_cast<double>(expired);
}
BENCHMARK(advance_a_millisecond)->Arg(1)->Arg(10'000)->Arg(100'000);

} // namespace
