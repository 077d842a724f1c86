#include "transport/deadline.hpp"
#include "transport/last_words.hpp"
#include "transport/mailbox.hpp"
#include "transport/recent_sends.hpp"
#include "transport/source_address.hpp"
#include "transport/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::transport;
using namespace std::chrono_literals;

namespace asio = boost::asio;

TEST_CASE("deadline: calls once, may be moved both ways, and not after it is cleared or gone") {
    asio::io_context io;
    int calls = 0;
    Deadline deadline(io, [&] { ++calls; });
    deadline.set(1h);
    deadline.set(1ms); // earlier than the timer that is running
    io.run();
    CHECK(calls == 1);
    CHECK(deadline.expired());
    io.restart();
    deadline.set(1ms);
    CHECK_FALSE(deadline.expired());
    deadline.set(20ms); // later: the timer fires at 1 ms and waits on
    const auto until = Deadline::Clock::now() + 20ms;
    io.run();
    CHECK(calls == 2);
    CHECK(Deadline::Clock::now() + 1ms >= until);
    io.restart();
    deadline.set(1ms);
    deadline.clear();
    auto gone = std::make_unique<Deadline>(io, [&] { ++calls; });
    gone->set(0ms);
    gone.reset();
    io.run();
    CHECK(calls == 2);
}

namespace {

asio::awaitable<void> wait_for(std::shared_ptr<asio::steady_timer> timer) {
    boost::system::error_code cancelled;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

asio::awaitable<void> throws() {
    throw std::runtime_error("a defect");
    co_return;
}

} // namespace

TEST_CASE("task group: is empty when the last of its coroutines has ended") {
    asio::io_context io;
    Counters counters;
    TaskGroup tasks(io, counters);
    const auto timer = std::make_shared<asio::steady_timer>(io, 1h);
    bool emptied = false;
    tasks.spawn(wait_for(timer));
    tasks.when_empty([&] { emptied = true; });
    io.poll();
    CHECK_FALSE(emptied);
    timer->cancel();
    io.run();
    CHECK(emptied);
    CHECK(tasks.running() == 0);
    CHECK(counters.unexpected.value() == 0);
}

TEST_CASE("task group: an empty one says so soon, but not from within the question") {
    asio::io_context io;
    Counters counters;
    TaskGroup tasks(io, counters);
    bool emptied = false;
    tasks.when_empty([&] { emptied = true; });
    CHECK_FALSE(emptied);
    io.run();
    CHECK(emptied);
}

TEST_CASE("task group: a coroutine that throws ends alone and is counted") {
    asio::io_context io;
    Counters counters;
    TaskGroup tasks(io, counters);
    bool called = false;
    tasks.spawn(throws());
    tasks.post([&] { called = true; });
    io.run();
    CHECK(called);
    CHECK(counters.unexpected.value() == 1);
    CHECK(tasks.running() == 0);
}

TEST_CASE("mailbox: full of sends, it still takes what would leave a connection open for ever") {
    Mailbox box(1);
    std::vector<Mail> batch{
        PostedSend{}, PostedSend{{}, {}, 2, 0}, PostedClose{}, PostedKeepAlive{},
        Lent{},       PeerUnreachable{},        LentIsGone{}};
    CHECK(box.put(batch));
    REQUIRE(batch.size() == 3);
    CHECK(std::get<PostedSend>(batch[0]).ticket == 2);
    CHECK(std::holds_alternative<PostedKeepAlive>(batch[1]));
    CHECK(std::holds_alternative<PeerUnreachable>(batch[2]));
    std::vector<Mail> taken;
    box.take(taken);
    REQUIRE(taken.size() == 4);
    CHECK(std::holds_alternative<PostedClose>(taken[1]));
    CHECK(std::holds_alternative<LentIsGone>(taken[3]));
}

TEST_CASE("mailbox: takes what fits, leaves the rest, and asks for its owner once") {
    Mailbox box(3);
    std::vector<Mail> batch(2, PostedSend{});
    CHECK(box.put(batch));
    CHECK(batch.empty());
    batch = {PostedSend{{}, {}, 1, 0}, PostedSend{{}, {}, 2, 0}, PostedSend{{}, {}, 3, 0}};
    CHECK_FALSE(box.put(batch));
    REQUIRE(batch.size() == 2);
    CHECK(std::get<PostedSend>(batch[0]).ticket == 2);
    std::vector<Mail> taken;
    box.take(taken);
    REQUIRE(taken.size() == 3);
    CHECK(std::get<PostedSend>(taken[2]).ticket == 1);
    CHECK(box.put(batch));
}

TEST_CASE("recent sends: a peer's tickets come once, and the oldest are forgotten first") {
    RecentSends recent;
    const Endpoint peer{*IpAddress::parse("192.0.2.1"), 5060};
    const Endpoint other{*IpAddress::parse("192.0.2.1"), 5061};
    recent.remember(peer, 1);
    recent.remember(other, 2);
    recent.remember(peer, 3);
    std::vector<Ticket> taken;
    const auto keep = [&](Ticket ticket) { taken.push_back(ticket); };
    recent.take(peer, keep);
    recent.take(peer, keep);
    CHECK(taken == std::vector<Ticket>{1, 3});
    for (Ticket ticket = 10; ticket < 1000; ++ticket)
        recent.remember(peer, ticket);
    taken.clear();
    recent.take(other, keep);
    CHECK(taken.empty());
}

TEST_CASE("last words: only a request that can be answered is") {
    const Endpoint remote{*IpAddress::parse("2001:db8::1"), 5060};
    const std::string via = "Via: SIP/2.0/TCP a;branch=z9hG4bK1;rport\r\n";
    const auto words = [&](const std::string& head, Error why) {
        return last_words(head, why, remote);
    };
    const std::string invite = "INVITE sip:b SIP/2.0\r\n" + via + "CSeq: 1 INVITE\r\n";
    const std::string answer = words(invite, Error::bad_content_length);
    CHECK(answer.starts_with("SIP/2.0 400 malformed Content-Length\r\n"));
    CHECK(answer.find("received=2001:db8::1") != std::string::npos);
    CHECK(words(invite, Error::message_too_large).starts_with("SIP/2.0 513 "));
    CHECK(words(invite, Error::flow_closed).empty());
    CHECK(words(invite, Error::header_timeout).empty());
    CHECK(words("INVITE sip:b SIP/2.0\r\n", Error::bad_content_length).empty());
    CHECK(words("ACK sip:b SIP/2.0\r\n" + via, Error::bad_content_length).empty());
    CHECK(words("SIP/2.0 200 OK\r\n" + via, Error::bad_content_length).empty());
    CHECK(words("", Error::bad_content_length).empty());
}

TEST_CASE("source address: towards loopback it is loopback, of the same family") {
    CHECK(source_address(*IpAddress::parse("127.0.0.1")) == *IpAddress::parse("127.0.0.1"));
    CHECK(source_address(*IpAddress::parse("::1")) == *IpAddress::parse("::1"));
}
