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

TEST_CASE("an inline list that shrank goes on growing where it was") {
    InlineList<int, 2> list;
    for (int i = 0; i < 4; ++i)
        list.insert(static_cast<std::size_t>(i), i);
    list.erase_if([](int value) { return value != 3; });
    CHECK(all(list) == std::vector{3});
    list.insert(1, 4);
    list.erase_if([](int) { return true; });
    CHECK(all(list).empty());
    for (int i = 0; i < 3; ++i)
        list.insert(0, i);
    CHECK(all(list) == std::vector{2, 1, 0});
}

TEST_CASE("an inline list within its room erases too") {
    InlineList<int, 4> list;
    for (int i = 0; i < 4; ++i)
        list.insert(static_cast<std::size_t>(i), i);
    list.erase_if([](int value) { return value % 2 == 0; });
    CHECK(all(list) == std::vector{1, 3});
}
