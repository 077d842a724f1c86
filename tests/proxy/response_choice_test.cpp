#include "proxy/response_choice.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using roundabout::proxy::Choice;
using roundabout::proxy::ResponseChoice;

namespace {

/// The choice for a request whose branches are all under way.
ResponseChoice parallel(std::size_t branches, bool invite = true) {
    ResponseChoice choice(invite, branches);
    choice.begin(branches);
    return choice;
}

/// What happened to the branches of an INVITE, one final response each, in this order; the branch
/// whose response goes up in the end.
std::size_t best_of(const std::vector<std::uint16_t>& finals) {
    ResponseChoice choice = parallel(finals.size());
    for (std::size_t i = 0; i + 1 < finals.size(); ++i)
        CHECK_FALSE(choice.take(i, finals[i]).best.has_value());
    const Choice last = choice.take(finals.size() - 1, finals.back());
    REQUIRE(last.best.has_value());
    return *last.best;
}

} // namespace

TEST_CASE("R24 a 100 is never forwarded, another provisional response is") {
    ResponseChoice choice = parallel(1);
    CHECK_FALSE(choice.take(0, 100).forward);
    CHECK(choice.take(0, 101).forward);
    CHECK(choice.take(0, 180).forward);
    CHECK_FALSE(choice.answered());
}

TEST_CASE("A provisional response after a final one is not forwarded, of whichever branch") {
    ResponseChoice choice = parallel(2);
    CHECK(choice.take(0, 200).forward);
    CHECK_FALSE(choice.take(0, 180).forward);
    CHECK_FALSE(choice.take(1, 183).forward);
}

TEST_CASE("A branch that has ended brings no further provisional response, the others do") {
    ResponseChoice choice = parallel(2);
    choice.take(0, 486);
    CHECK_FALSE(choice.take(0, 180).forward);
    CHECK(choice.take(1, 180).forward);
}

TEST_CASE("R26 every 2xx to INVITE is forwarded: again, of another branch, after a 6xx") {
    ResponseChoice choice = parallel(3);
    CHECK_FALSE(choice.take(2, 603).forward);
    CHECK(choice.take(0, 200).forward);
    CHECK(choice.take(0, 200).forward);
    CHECK(choice.take(1, 202).forward);
    CHECK(choice.answered());
}

TEST_CASE("Only the first 2xx to INVITE cancels the other branches") {
    ResponseChoice choice = parallel(2);
    CHECK(choice.take(0, 200).cancel_others);
    CHECK_FALSE(choice.take(0, 200).cancel_others);
    CHECK_FALSE(choice.take(1, 200).cancel_others);
}

TEST_CASE("Of a non-INVITE only the first 2xx goes up, and nothing is cancelled") {
    ResponseChoice choice = parallel(2, false);
    const Choice first = choice.take(0, 200);
    CHECK(first.forward);
    CHECK_FALSE(first.cancel_others);
    CHECK_FALSE(choice.take(1, 200).forward);
}

TEST_CASE("R26 a 2xx is forwarded even after the best other response has gone up") {
    ResponseChoice choice = parallel(1);
    CHECK(choice.take(0, 486).best == 0U);
    CHECK(choice.take(0, 200).forward);
}

TEST_CASE("R32 a 6xx cancels the others but goes up only when all have ended") {
    ResponseChoice choice = parallel(2);
    const Choice decline = choice.take(1, 603);
    CHECK(decline.cancel_others);
    CHECK_FALSE(decline.forward);
    CHECK_FALSE(decline.best.has_value());
    CHECK_FALSE(choice.answered());
    CHECK(choice.take(0, 487).best == 1U);
    CHECK(choice.answered());
}

TEST_CASE("No response below 600 cancels other branches unless it is a 2xx") {
    ResponseChoice choice = parallel(3);
    CHECK_FALSE(choice.take(0, 302).cancel_others);
    CHECK_FALSE(choice.take(1, 486).cancel_others);
    CHECK_FALSE(choice.take(2, 500).cancel_others);
}

TEST_CASE("R32 a 6xx wins, then the lowest class") {
    CHECK(best_of({302, 404, 603}) == 2);
    CHECK(best_of({500, 404, 302}) == 2);
    CHECK(best_of({500, 404}) == 1);
    CHECK(best_of({501}) == 0);
}

TEST_CASE("R32 within 4xx those win that tell the caller how to do better") {
    for (const std::uint16_t helpful : std::vector<std::uint16_t>{401, 407, 415, 420, 484}) {
        CAPTURE(helpful);
        CHECK(best_of({404, helpful, 486}) == 1);
        CHECK(best_of({helpful, 400}) == 0);
    }
}

TEST_CASE("Among equals the branch that comes first wins") { CHECK(best_of({486, 404}) == 0); }

TEST_CASE("R32 a 503 is the last resort") {
    CHECK(best_of({503, 504}) == 1);
    CHECK(best_of({503, 599}) == 1);
    CHECK(best_of({503, 408}) == 1);
    CHECK(best_of({503, 503}) == 0);
}

TEST_CASE("A branch has one final response: what comes behind it changes nothing") {
    ResponseChoice choice = parallel(2);
    CHECK_FALSE(choice.take(0, 486).best.has_value());
    CHECK_FALSE(choice.take(0, 404).best.has_value());
    CHECK_FALSE(choice.take(0, 603).cancel_others);
    CHECK(choice.is_final(0));
    CHECK_FALSE(choice.is_final(1));
    CHECK(choice.take(1, 408).best == 0U);
}

TEST_CASE("Once a final response has gone up, no other than a 2xx follows") {
    ResponseChoice choice = parallel(2);
    choice.take(0, 200);
    const Choice late = choice.take(1, 603);
    CHECK_FALSE(late.best.has_value());
    CHECK_FALSE(late.forward);
    CHECK_FALSE(late.cancel_others);
}

TEST_CASE("R32 within 4xx those come last by which nobody has refused anything") {
    for (const std::uint16_t silent : std::vector<std::uint16_t>{408, 480, 487}) {
        CAPTURE(silent);
        CHECK(best_of({silent, 486}) == 1);
        CHECK(best_of({silent, 500}) == 0);
    }
}

TEST_CASE("R32 the next group is begun when all before it have failed, and only then") {
    ResponseChoice choice(true, 4);
    choice.begin(2);
    CHECK_FALSE(choice.take(0, 486).next_group);
    const Choice second = choice.take(1, 404);
    CHECK(second.next_group);
    CHECK_FALSE(second.best.has_value());
    choice.begin(1);
    CHECK(choice.begun() == 3);
    CHECK(choice.take(2, 302).next_group);
    choice.begin(1);
    const Choice last = choice.take(3, 404);
    CHECK_FALSE(last.next_group);
    CHECK(last.best == 2U); // of all groups, the lowest class
}

TEST_CASE("R32 after a 6xx no further group is begun") {
    ResponseChoice choice(true, 3);
    choice.begin(2);
    CHECK(choice.take(1, 603).cancel_others);
    const Choice last = choice.take(0, 487);
    CHECK_FALSE(last.next_group);
    CHECK(last.best == 1U);
}

TEST_CASE("R32 after a CANCEL no further group is begun") {
    ResponseChoice choice(true, 2);
    choice.begin(1);
    choice.close();
    const Choice last = choice.take(0, 487);
    CHECK_FALSE(last.next_group);
    CHECK(last.best == 0U);
}

TEST_CASE("R32 after a 2xx no further group is begun") {
    ResponseChoice choice(true, 3);
    choice.begin(2);
    CHECK(choice.take(0, 200).forward);
    CHECK_FALSE(choice.take(1, 486).next_group);
}
