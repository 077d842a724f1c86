#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::admin {

/// The lines that `after` does not have any more, "- ...", and those that it has instead, "+ ...",
/// in the order of the message; unchanged ones are left out. Folded headers are lines of their own;
/// a body counts as one line. O(lines of both, multiplied); beyond `most_compared_lines` the first
/// ones are compared alone.
[[nodiscard]] std::vector<std::string> message_edits(std::string_view before,
                                                     std::string_view after);

inline constexpr std::size_t most_compared_lines = 1000;

} // namespace roundabout::admin
