#include "admin/message_edits.hpp"

#include <doctest/doctest.h>

using namespace roundabout::admin;
using Edits = std::vector<std::string>;

TEST_CASE("edits: what is taken out and put in is named in the order of the message") {
    const std::string before =
        "INVITE sip:b@b SIP/2.0\r\nVia: one\r\nRoute: r\r\nTo: b\r\n\r\nbody";
    const std::string after =
        "INVITE sip:b@b SIP/2.0\r\nVia: two\r\nVia: one;received=x\r\nTo: b\r\n\r\nbody";
    CHECK(message_edits(before, after) ==
          Edits{"- Via: one", "- Route: r", "+ Via: two", "+ Via: one;received=x"});
    CHECK(message_edits(before, before).empty());
}

TEST_CASE("edits: a body counts as one line, and may be all that there is") {
    CHECK(message_edits("A\r\n\r\nx\r\ny", "A\r\n\r\nx\r\nz") == Edits{"- x\r\ny", "+ x\r\nz"});
    CHECK(message_edits("", "A").front() == "+ A");
    CHECK(message_edits("A", "").front() == "- A");
}

TEST_CASE("edits: so many lines are compared and no more") {
    std::string before = "start\r\n";
    for (std::size_t i = 0; i < 2 * most_compared_lines; ++i)
        before += "H: " + std::to_string(i) + "\r\n";
    CHECK(message_edits(before, before + "\r\n").empty());
    CHECK(message_edits(before, "start\r\n").size() == most_compared_lines - 1);
}
