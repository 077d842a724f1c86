#include "sip/corpus.hpp"
#include "sip/invariants.hpp"
#include "sip/parser.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

constexpr std::array framings = {Framing::datagram, Framing::stream, Framing::websocket};

/// Counts how many became a message, so that a sweep that reaches nothing is noticed.
[[nodiscard]] bool holds(const std::string& bytes, Framing framing) {
    const Result<Message> message = index_message(bytes, framing);
    if (!message)
        return false;
    const std::string_view violated = test::violated_invariant(*message);
    if (!violated.empty())
        FAIL_CHECK("" << violated << " in: " << bytes);
    return true;
}

} // namespace

TEST_CASE("sweep: every torture message in every framing keeps the invariants") {
    std::size_t indexed = 0;
    for (const test::TortureMessage& message : test::torture_messages()) {
        for (const Framing framing : framings)
            indexed += holds(message.bytes, framing) ? 1U : 0U;
    }
    CHECK(indexed == 3 * (test::torture_messages().size() - 2)); // bigcode and test are none
}

TEST_CASE("sweep: torture messages cut off after every byte keep the invariants") {
    std::size_t indexed = 0;
    for (const test::TortureMessage& message : test::torture_messages()) {
        for (std::size_t size = 0; size < message.bytes.size(); ++size)
            indexed += holds(message.bytes.substr(0, size), framings[size % 3]) ? 1U : 0U;
    }
    CHECK(indexed > 10000);
}

TEST_CASE("sweep: torture messages with one byte replaced, lost or doubled keep the invariants") {
    constexpr std::string_view odd("\0\n\r \t\"<>;:,@%\\[]=\xff/?*0", 22);
    std::size_t indexed = 0;
    std::size_t turn = 0;
    for (const test::TortureMessage& message : test::torture_messages()) {
        for (std::size_t at = 0; at < message.bytes.size(); ++at, ++turn) {
            std::string changed = message.bytes;
            if (turn % 5 == 0)
                changed.erase(at, 1);
            else if (turn % 5 == 1)
                changed.insert(at, 1, changed[at]);
            else
                changed[at] = odd[turn % odd.size()];
            indexed += holds(changed, framings[turn % 3]) ? 1U : 0U;
        }
    }
    CHECK(indexed > 20000);
}
