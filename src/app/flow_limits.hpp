#pragma once

#include "config/limits.hpp"
#include "transport/connection_census.hpp"
#include "transport/flow_settings.hpp"

namespace roundabout::app {

/// Puts the configured limits in force for the transport room.
void set_limits(const config::Limits& limits, transport::FlowSettings& settings);

/// The places that accepted connections take, over all workers.
[[nodiscard]] transport::Censuses make_censuses(const config::Limits& limits);

} // namespace roundabout::app
