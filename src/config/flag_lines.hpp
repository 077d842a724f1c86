#pragma once

#include "config/config.hpp"
#include "config/flags.hpp"

#include <string>
#include <vector>

namespace roundabout::config {

/// What the program says at start about a configuration that flags made, a line each: where it
/// listens, where not and why, and every trusted server that it took from them.
[[nodiscard]] std::vector<std::string>
flag_lines(const Config& config, const Flags& flags,
           const std::vector<DefaultListener>& default_listeners);

} // namespace roundabout::config
