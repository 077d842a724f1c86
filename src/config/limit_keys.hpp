#pragma once

#include "config/limits.hpp"
#include "config/report.hpp"
#include "config/section.hpp"

#include <string>
#include <utility>
#include <vector>

namespace roundabout::config {

/// The keys of `[limits]`, each within its range.
void interpret_limits(Section& section, Limits& limits);

/// How they fit together: a part may not be larger than its whole, and a queue has room for a
/// message.
void validate_limits(const Limits& limits, Report& report);

/// Every key with its value, as it would stand in the file, in the order of the documentation.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
describe_limits(const Limits& limits);

/// Seconds with as many decimals as they need, at most three: "2", "0.25".
[[nodiscard]] std::string seconds_text(std::chrono::milliseconds time);

} // namespace roundabout::config
