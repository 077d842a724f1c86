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

/// The TLS contexts for outgoing connections, as `client_tls` has them. Of those that no server
/// goes by any more the `running` one stays.
[[nodiscard]] boost::system::result<std::vector<transport::TlsContext>, std::string>
client_contexts(const config::Config& config, const std::vector<transport::TlsContext>& running,
                std::vector<std::string>& warnings);

// One of them alone, and the files that it is made of.

/// It accepts connections by TLS.
[[nodiscard]] bool shows_certificate(const config::Listener& listener);
[[nodiscard]] boost::system::result<transport::TlsContext, std::string>
listener_context(const config::Config& config, const config::Listener& listener);
[[nodiscard]] boost::system::result<transport::TlsContext, std::string>
client_context(const config::ClientTls& tls);
[[nodiscard]] std::vector<std::string> files_of(const config::Config& config,
                                                const config::Listener& listener);
[[nodiscard]] std::vector<std::string> files_of(const config::ClientTls& tls);

} // namespace roundabout::app
