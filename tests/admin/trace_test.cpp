#include "admin/protocol.hpp"
#include "admin/trace_filter.hpp"
#include "admin/trace_hub.hpp"
#include "sip/parser.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <algorithm>

using namespace roundabout;
using namespace roundabout::admin;
namespace asio = boost::asio;

namespace {

sip::Message message(const std::string& call, const std::string& user = "alice",
                     const std::string& more = {}) {
    return *sip::index_message(
        "INVITE sip:bob@b.test SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n"
        "From: <sip:" +
            user + "@a.test>;tag=1\r\nTo: <sip:%63arol@b.test>\r\nCall-ID: " + call +
            "\r\nCSeq: 7 INVITE\r\n" + more + "\r\n",
        sip::Framing::datagram);
}

transport::Passed passed(const sip::Message& message, const char* remote = "192.0.2.9:5070") {
    transport::Passed one;
    one.flow.transport = Transport::tls;
    one.flow.local = *Endpoint::parse("192.0.2.1:5061");
    one.flow.remote = *Endpoint::parse(remote);
    one.sent = true;
    one.worker = 2;
    one.bytes = std::string(message.bytes());
    return one;
}

/// The lines that wait, as records.
std::vector<Record> lines_of(asio::io_context& io, Watcher& watcher) {
    std::string text;
    asio::co_spawn(
        io, [&]() -> asio::awaitable<void> { text = co_await watcher.next(); }, asio::detached);
    io.restart();
    io.run();
    std::vector<Record> records;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const auto response = parse_response(text.substr(0, end));
        REQUIRE(response.has_value());
        records.push_back(std::get<Record>(*response));
        text.erase(0, end + 1);
    }
    return records;
}

} // namespace

TEST_CASE("trace filter: each condition alone lets the right messages through") {
    const sip::Message one = message("c1");
    const Flow flow = passed(one).flow;
    CHECK(matches({}, one, flow, ""));
    for (const char* user : {"alice", "bob", "carol"}) {
        TraceFilter filter;
        filter.user = user;
        CHECK(matches(filter, one, flow, ""));
    }
    TraceFilter filter;
    filter.user = "dave";
    CHECK_FALSE(matches(filter, one, flow, ""));
    filter = {};
    filter.call_id = "c1";
    CHECK(matches(filter, one, flow, ""));
    CHECK_FALSE(matches(filter, message("c2"), flow, ""));
    filter = {};
    filter.server = "pbx";
    CHECK(matches(filter, one, flow, "pbx"));
    CHECK_FALSE(matches(filter, one, flow, ""));
    filter = {};
    filter.source = flow.remote.address;
    CHECK(matches(filter, one, flow, ""));
    filter.port = 5070;
    CHECK(matches(filter, one, flow, ""));
    filter.port = 5071;
    CHECK_FALSE(matches(filter, one, flow, ""));
}

TEST_CASE("trace: a call of which one message met the filter is followed, others are not") {
    asio::io_context io;
    TraceFilter filter;
    filter.server = "pbx";
    Watcher watcher(io, filter);
    const sip::Message first = message("c1");
    watcher.see(first, passed(first), "");
    watcher.see(first, passed(first), "pbx");
    watcher.see(first, passed(first, "192.0.2.77:1"), ""); // the other side of it
    const sip::Message other = message("c2");
    watcher.see(other, passed(other), "");
    const auto lines = lines_of(io, watcher);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].text("server") == "pbx");
    CHECK(lines[1].text("remote") == "192.0.2.77:1");
}

TEST_CASE("trace: a message is told with its flow, and its credentials are masked") {
    asio::io_context io;
    Watcher watcher(io, {});
    const sip::Message one =
        message("c1", "alice", "Authorization: Digest username=\"alice\", response=\"5ec4e7\"\r\n");
    watcher.see(one, passed(one), "pbx");
    const auto lines = lines_of(io, watcher);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].kind == "message");
    CHECK(lines[0].text("direction") == "sent");
    CHECK(lines[0].text("transport") == "tls");
    CHECK(lines[0].text("local") == "192.0.2.1:5061");
    CHECK(lines[0].text("remote") == "192.0.2.9:5070");
    CHECK(lines[0].text("call_id") == "c1");
    CHECK(lines[0].text("method") == "INVITE");
    CHECK(lines[0].number("cseq") == 7);
    CHECK(lines[0].number("worker") == 2);
    CHECK(lines[0].bytes("text").starts_with("INVITE sip:bob@b.test SIP/2.0\r\n"));
    CHECK(lines[0].bytes("text").find("5ec4e7") == std::string::npos);
}

TEST_CASE("trace: whoever is too slow loses messages, and is told how many, where they were") {
    asio::io_context io;
    Watcher watcher(io, {});
    const sip::Message one = message("c1");
    for (std::size_t i = 0; i < Watcher::most_lines + 7; ++i)
        watcher.see(one, passed(one), "");
    auto lines = lines_of(io, watcher);
    REQUIRE(lines.size() == Watcher::most_lines);
    lines = lines_of(io, watcher);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].kind == "lost");
    CHECK(lines[0].number("messages") == 7);
    watcher.lose(3);
    watcher.see(one, passed(one), "");
    lines = lines_of(io, watcher);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].number("messages") == 3);
    CHECK(lines[1].kind == "message");
}

TEST_CASE("trace: the hub opens the tap for the first watcher and closes it after the last") {
    asio::io_context io;
    transport::Tap tap;
    {
        TraceHub hub(io, tap, [](const IpAddress&) { return std::string("pbx"); });
        const auto one = std::make_shared<Watcher>(io, TraceFilter{});
        const auto two = std::make_shared<Watcher>(io, TraceFilter{});
        CHECK_FALSE(tap.wanted());
        hub.add(one);
        hub.add(two);
        CHECK(tap.wanted());
        const sip::Message passing = message("c1");
        tap.put(false, passed(passing).flow, 1, passing.bytes());
        tap.put(false, passed(passing).flow, 1, "\r\n\r\n"); // keeps a flow alive, is no message
        io.run();
        CHECK(lines_of(io, *one).size() == 1);
        CHECK(lines_of(io, *two).size() == 1);
        hub.remove(one);
        CHECK(tap.wanted());
        hub.remove(two);
        CHECK_FALSE(tap.wanted());
        hub.add(one);
    }
    CHECK_FALSE(tap.wanted());
}
