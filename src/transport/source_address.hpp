#pragma once

#include "base/endpoint.hpp"

namespace roundabout::transport {

/// The address that the kernel would send from towards `remote`, by its routing table; nothing is
/// sent. Unspecified if there is no route. Four system calls.
[[nodiscard]] IpAddress source_address(const IpAddress& remote) noexcept;

} // namespace roundabout::transport
