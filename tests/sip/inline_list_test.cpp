#include "sip/inline_list.hpp"

#include <doctest/doctest.h>

#include <vector>

using roundabout::sip::InlineList;

namespace {

template <std::size_t Room>
std::vector<int> all(const InlineList<int, Room>& list) {
    return {list.view().begin(), list.view().end()};
}

} // namespace

TEST_CASE("an inline list inserts anywhere, within its room and beyond") {
    InlineList<int, 2> list;
    list.insert(0, 3);
    list.insert(0, 1);
    CHECK(all(list) == std::vector{1, 3});
    list.insert(1, 2);
    list.insert(3, 4);
    CHECK(all(list) == std::vector{1, 2, 3, 4});
}
