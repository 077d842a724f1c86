#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace roundabout::app {

/// Runs the proxy until SIGTERM or SIGINT; returns the exit code. What keeps it from starting is
/// said on standard error in one sentence.
[[nodiscard]] int run_daemon(config::ConfigPtr config);

} // namespace roundabout::app
