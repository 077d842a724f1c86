#pragma once

#include "config/config.hpp"
#include "config/report.hpp"

namespace roundabout::config {

/// Whether the certificates, keys and authorities that `config` names can be read and are PEM.
/// Whether key and certificate belong together is found out when they are loaded. Blocks on the
/// file system.
void check_files(const Config& config, Report& report);

} // namespace roundabout::config
