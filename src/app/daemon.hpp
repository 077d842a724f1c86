#pragma once

#include "app/take_over.hpp"
#include "config/config.hpp"
#include "config/load.hpp"
#include "transport/inherited_sockets.hpp"

#include <optional>

namespace roundabout::app {

/// Runs the proxy until SIGTERM or SIGINT; returns the exit code. What keeps it from starting is
/// said on standard error in one sentence. A reload asks `source` again. Listeners take the sockets
/// of their address that were inherited; the rest is closed and named in the log. With `take_over`
/// they are those of a running process, whose place is taken.
[[nodiscard]] int run_daemon(config::ConfigPtr config, config::Source source,
                             transport::InheritedSockets inherited,
                             std::optional<TakeOver> take_over);

} // namespace roundabout::app
