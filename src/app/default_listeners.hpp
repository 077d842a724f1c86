#pragma once

#include "base/endpoint.hpp"
#include "base/transport.hpp"

#include <string>

namespace roundabout::app {

/// Why nobody can listen there now ("address in use"); empty: one can. System calls.
[[nodiscard]] std::string obstacle_at(Transport transport, const Endpoint& place);

} // namespace roundabout::app
