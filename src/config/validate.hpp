#pragma once

#include "config/config.hpp"
#include "config/report.hpp"

namespace roundabout::config {

/// Whether the keys of a configuration fit together; looks at no file. `config` is what interpret()
/// made, and `report` what it reported to: checks that would build on a faulty key are left out.
void validate(const Config& config, Report& report);

/// The parts of it, a file each: what concerns listeners, and what concerns trusted servers.
void validate_listeners(const Config& config, Report& report);
void validate_servers(const Config& config, Report& report);

/// "listen[2]", "server[0]".
[[nodiscard]] std::string listener_path(std::size_t index);
[[nodiscard]] std::string server_path(std::size_t index);

} // namespace roundabout::config
