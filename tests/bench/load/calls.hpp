#pragma once

#include "bench/load/options.hpp"

namespace roundabout::load {

/// Makes the calls that `options` ask for and prints what came of them, as one JSON object a line.
/// Gives the exit status: 1 if a call failed.
int run_calls(const Options& options);

/// Opens the connections that `options` ask for and prints what one costs the proxy.
int run_idle(const Options& options);

} // namespace roundabout::load
