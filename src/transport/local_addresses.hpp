#pragma once

#include "base/endpoint.hpp"

#include <vector>

namespace roundabout::transport {

/// The addresses of this machine's interfaces that are up, without those of IPv6 that need a zone
/// (link-local). What `config::is_ours` wants for listeners bound to a wildcard. A system call.
[[nodiscard]] std::vector<IpAddress> local_addresses();

} // namespace roundabout::transport
