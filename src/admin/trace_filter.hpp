#pragma once

#include "base/endpoint.hpp"
#include "base/flow.hpp"
#include "sip/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roundabout::admin {

/// Which calls and other exchanges a trace shows: those of which one message meets every condition
/// given here.
struct TraceFilter {
    std::optional<std::string> user;    ///< of the Request-URI, From or To; unescaped
    std::optional<std::string> call_id; ///< byte for byte
    std::optional<std::string> server;  ///< trusted server that it came from or went to
    std::optional<IpAddress> source;    ///< address that it came from or went to
    std::optional<std::uint16_t> port;  ///< of that

    friend bool operator==(const TraceFilter&, const TraceFilter&) = default;
};

/// `server`: the name of the trusted server at the flow's other end; empty if there is none.
[[nodiscard]] bool matches(const TraceFilter& filter, const sip::Message& message, const Flow& flow,
                           std::string_view server);

} // namespace roundabout::admin
