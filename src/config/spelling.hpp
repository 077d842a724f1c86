#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace roundabout::config {

/// How many letters must be inserted, dropped, replaced or swapped with their neighbour to turn one
/// word into the other (optimal string alignment). O(a * b).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word that `typed` probably meant: the nearest one, the first of several, if at most a third
/// of its letters (but always one) differ; empty if none is that near.
[[nodiscard]] std::string_view nearest(std::string_view typed,
                                       std::span<const std::string_view> words);

} // namespace roundabout::config
