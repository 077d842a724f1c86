#pragma once

#include "config/config.hpp"
#include "transport/flow_settings.hpp"

#include <boost/system/result.hpp>

#include <string>
#include <vector>

namespace roundabout::app {

/// The transport room's settings of all listeners, certificates read; or a sentence that says which
/// file is at fault. Warnings go to `warnings`.
[[nodiscard]] boost::system::result<std::vector<transport::ListenerSettings>, std::string>
listener_settings(const config::Config& config, std::vector<std::string>& warnings);

/// The TLS contexts for outgoing connections: first the general one, then each trusted server's, so
/// that a server's profile is its index and one.
[[nodiscard]] boost::system::result<std::vector<transport::TlsContext>, std::string>
client_contexts(const config::Config& config, std::vector<std::string>& warnings);

} // namespace roundabout::app
