#pragma once

#include "transport/flow_settings.hpp"
#include "transport/inherited_sockets.hpp"

#include <boost/system/error_code.hpp>

#include <optional>
#include <string>
#include <vector>

namespace roundabout::transport {

/// A listener that could not be bound.
struct BindFault {
    Transport transport = Transport::udp;
    Endpoint bind;
    boost::system::error_code error;

    /// "udp 127.0.0.1:5060: address in use".
    [[nodiscard]] std::string to_string() const;
    /// "address in use".
    [[nodiscard]] std::string reason() const;
};

/// Binds each listener for a moment, alone, which no worker's own binding does (SO_REUSEPORT would
/// let a second daemon in silently). TCP ports whose old connections are in TIME_WAIT are free: a
/// restart binds at once. Port 0 is replaced by one that is free now, so that all workers bind the
/// same. Once, before the workers bind; the first fault ends it. What was inherited needs no check.
[[nodiscard]] std::optional<BindFault> check_binds(std::vector<ListenerSettings>& listeners,
                                                   const InheritedSockets& inherited = {});

} // namespace roundabout::transport
