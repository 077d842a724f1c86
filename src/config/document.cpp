#include "config/document.hpp"

#include <array>

namespace roundabout::config {

std::string_view kind_of(const Node& node) noexcept {
    constexpr std::array<std::string_view, 7> kinds{
        "a string", "a whole number", "a number with a fraction", "true or false", "a date or time",
        "a list",   "a section"};
    static_assert(kinds.size() == std::variant_size_v<decltype(Node::value)>);
    return kinds.at(node.value.index());
}

} // namespace roundabout::config
