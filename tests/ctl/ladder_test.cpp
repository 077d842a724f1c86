#include "roundabout-ctl/ladder.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace roundabout;
using namespace roundabout::ctl;

namespace {

constexpr const char* browser = "192.0.2.9:50000";
constexpr const char* pbx = "192.0.2.20:5060";

admin::Record message(bool sent, const char* remote, std::int64_t status, const std::string& text) {
    admin::Record made;
    made.kind = "message";
    made.add("time", std::int64_t{0});
    made.add("direction", std::string(sent ? "sent" : "received"));
    made.add("transport", std::string(remote == pbx ? "udp" : "wss"));
    made.add("remote", std::string(remote));
    made.add("server", std::string(remote == pbx ? "pbx" : ""));
    made.add("call_id", std::string("c1")).add("cseq", std::int64_t{1});
    made.add("method", std::string("INVITE")).add("status", status).add_bytes("text", text);
    return made;
}

/// Without the time, which is local.
std::string from(const std::string& line, const char* what) { return line.substr(line.find(what)); }

} // namespace

TEST_CASE("ladder: who speaks first is on the left, with arrows towards the proxy and on") {
    Ladder ladder(false);
    const std::string first = ladder.show(message(false, browser, 0, "INVITE a\r\nVia: 1\r\n\r\n"));
    CHECK(first.starts_with("Call-ID c1, INVITE a\n"));
    CHECK(from(first, "wss") == "wss 192.0.2.9:50000            --INVITE---------------->  |\n");
    const std::string on =
        ladder.show(message(true, pbx, 0, "INVITE a\r\nVia: 2\r\nVia: 1\r\n\r\n"));
    CHECK(from(on, "|") == "| --INVITE---------------->  udp 192.0.2.20:5060 pbx\n    + Via: 2\n");
    const std::string back =
        ladder.show(message(false, pbx, 200, "SIP/2.0 200 OK\r\nVia: 2\r\n\r\n"));
    CHECK(from(back, "|") == "|  <------------200 INVITE-- udp 192.0.2.20:5060 pbx\n");
    const std::string home = ladder.show(message(true, browser, 200, "SIP/2.0 200 OK\r\n\r\n"));
    CHECK(from(home, "wss").starts_with("wss 192.0.2.9:50000             <-"));
    CHECK(home.ends_with("|\n    - Via: 2\n"));
}

TEST_CASE("ladder: what the proxy says by itself has no changes") {
    Ladder ladder(false);
    CHECK(ladder.show(message(false, browser, 0, "INVITE a\r\n\r\n")).find("    ") !=
          std::string::npos);
    const std::string own = ladder.show(message(true, browser, 100, "SIP/2.0 100 Trying\r\n\r\n"));
    CHECK(own.find("\n    ") == std::string::npos);
}

TEST_CASE("ladder: whole messages, harmless to a terminal, where they are wanted") {
    Ladder ladder(true);
    const std::string lines =
        ladder.show(message(false, browser, 0, "INVITE a\r\nSubject: \x1b[2J\r\n\r\nbody"));
    CHECK(lines.find("\n    Subject: ?[2J\n    \n    body\n") != std::string::npos);
}

TEST_CASE("ladder: says what is missing") {
    Ladder ladder(false);
    admin::Record lost;
    lost.kind = "lost";
    lost.add("messages", std::int64_t{12});
    CHECK(ladder.show(lost).find("12 messages are missing") != std::string::npos);
}
