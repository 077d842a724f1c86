#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace roundabout::config {

/// What describe() says differently of two configurations, a line a key: "- KEY = VALUE" as it was,
/// "+ KEY = VALUE" as it is. Keys of tables carry their table, and which one of several it is:
/// "[[server]] pbx: port = 5060". Empty if they say the same. There are names of key files in it,
/// no keys.
[[nodiscard]] std::vector<std::string> difference(const Config& before, const Config& after);

} // namespace roundabout::config
