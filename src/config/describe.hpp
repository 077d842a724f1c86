#pragma once

#include "config/config.hpp"

#include <string>

namespace roundabout::config {

/// The configuration as TOML with every key in force, defaults included: what --check prints.
/// Loaded again it gives the same configuration.
[[nodiscard]] std::string describe(const Config& config);

} // namespace roundabout::config
