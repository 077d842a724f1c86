#include "sip/parser.hpp"
#include "transport/inbox.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace roundabout;
using namespace roundabout::transport;

namespace {

Inbound inbound(const std::string& name) {
    auto message =
        sip::index_message("OPTIONS sip:" + name + " SIP/2.0\r\n\r\n", sip::Framing::datagram);
    return {std::move(*message), {}};
}

std::string user_of(const Arrival& arrival) {
    return std::string(std::get<Inbound>(arrival).message.request_uri());
}

} // namespace

TEST_CASE("inbox: the owner is woken once for all that gathers until it looks") {
    int wakes = 0;
    Inbox inbox([&wakes] { ++wakes; }, 10);
    CHECK(inbox.put(inbound("a")));
    CHECK(inbox.put(FlowClosed{}));
    CHECK(inbox.put(SendFailed{7, Error::queue_full}));
    CHECK(wakes == 1);
    std::vector<Arrival> taken;
    inbox.take(taken);
    REQUIRE(taken.size() == 3);
    CHECK(user_of(taken[0]) == "sip:a");
    CHECK(std::holds_alternative<FlowClosed>(taken[1]));
    CHECK(std::get<SendFailed>(taken[2]).ticket == 7);
    CHECK(inbox.put(inbound("b")));
    CHECK(wakes == 2);
    inbox.take(taken);
    CHECK(taken.size() == 1);
    inbox.take(taken);
    CHECK(taken.empty());
}

TEST_CASE("inbox: beyond its limit messages are refused and outcomes still taken") {
    Inbox inbox([] {}, 2);
    CHECK(inbox.put(inbound("a")));
    CHECK_FALSE(inbox.full());
    CHECK(inbox.put(Refused{}));
    CHECK(inbox.full());
    CHECK_FALSE(inbox.put(inbound("lost")));
    CHECK_FALSE(inbox.put(Refused{}));
    CHECK(inbox.put(Connected{1, Error::connect_refused}));
    CHECK(inbox.put(FlowClosed{}));
    std::vector<Arrival> taken;
    inbox.take(taken);
    CHECK(taken.size() == 4);
    CHECK_FALSE(inbox.full());
    CHECK(inbox.put(inbound("b")));
}

TEST_CASE("inbox: a batch keeps its order and says how many it lost") {
    int wakes = 0;
    Inbox inbox([&wakes] { ++wakes; }, 2);
    std::vector<Arrival> batch;
    batch.emplace_back(inbound("a"));
    batch.emplace_back(inbound("b"));
    batch.emplace_back(inbound("c"));
    batch.emplace_back(SendFailed{9, Error::flow_closed});
    CHECK(inbox.put(batch) == 1);
    CHECK(batch.empty());
    CHECK(wakes == 1);
    std::vector<Arrival> taken;
    inbox.take(taken);
    REQUIRE(taken.size() == 3);
    CHECK(user_of(taken[0]) == "sip:a");
    CHECK(user_of(taken[1]) == "sip:b");
    CHECK(std::get<SendFailed>(taken[2]).ticket == 9);
    CHECK(inbox.put(batch) == 0);
    CHECK(wakes == 1);
}

TEST_CASE("inbox: nothing is lost or doubled when several threads put and the owner takes") {
    constexpr Ticket each = 20'000;
    constexpr Ticket putters = 3;
    std::atomic<int> woken{0};
    Inbox inbox(
        [&woken] {
            ++woken;
            woken.notify_one();
        },
        1);
    std::vector<std::thread> threads;
    for (Ticket putter = 0; putter < putters; ++putter) {
        threads.emplace_back([&inbox, putter] {
            for (Ticket i = 0; i < each; ++i)
                inbox.put(SendFailed{putter * each + i, Error::send_failed});
        });
    }
    std::vector<Ticket> next(putters, 0);
    std::vector<Arrival> taken;
    bool in_order = true;
    int seen = 0;
    for (std::size_t count = 0; count < putters * each;) {
        woken.wait(seen); // hangs, and ctest ends it, if a wake is ever missing
        seen = woken;
        inbox.take(taken);
        count += taken.size();
        for (const Arrival& arrival : taken) {
            const Ticket ticket = std::get<SendFailed>(arrival).ticket;
            in_order = in_order && next[ticket / each]++ == ticket % each;
        }
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(in_order);
    CHECK(next == std::vector<Ticket>(putters, each));
}
