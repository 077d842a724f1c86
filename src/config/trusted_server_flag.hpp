#pragma once

#include "base/transport.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::config {

/// What -trusted-server takes, IP:FQDNS:PORT:NETWORK:ROUTES. Each field may be empty, but not IP
/// and FQDNS both.
struct Dataset {
    std::string ip;                 ///< IPv6 without brackets; empty: the first FQDN is looked up
    std::vector<std::string> fqdns; ///< lower case, without a dot at their end
    std::optional<std::uint16_t> port;
    std::optional<Transport> network;
    std::vector<std::string> routes; ///< as they stand there: URIs, or hosts perhaps with a port

    friend bool operator==(const Dataset&, const Dataset&) = default;
};

/// Why a dataset was not taken.
struct DatasetFault {
    std::string dataset;    ///< as it stands there
    std::string_view field; ///< "IP", "FQDNS", "PORT", "NETWORK" or "ROUTES"
    std::string message;    ///< no full stop
    std::string remedy;     ///< no full stop
};

struct Datasets {
    std::vector<Dataset> taken;
    std::vector<DatasetFault> faults; ///< one for each other dataset: its first
};

/// All datasets of one word of the command line, which commas separate. Colons separate fields but
/// for those within brackets, and those of ROUTES, the last one, are its own. Several FQDNs and
/// several routes are separated by slashes, which may not stand in a route.
[[nodiscard]] Datasets parse_trusted_servers(std::string_view word);

} // namespace roundabout::config
