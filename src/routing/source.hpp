#pragma once

#include "base/flow.hpp"
#include "base/subject_names.hpp"
#include "config/config.hpp"
#include "config/server_addresses.hpp"
#include "registration/binding.hpp"

#include <cstdint>
#include <optional>

namespace roundabout::routing {

/// Who sent a request, as far as the transport tells (design: Trust). Never by what it wrote.
struct Source {
    enum class Kind : std::uint8_t {
        server,  ///< a trusted server, at one of its addresses, by a listener that serves servers
        client,  ///< registered over this flow, or in a network that may register
        unknown, ///< neither; admitted only by an authentic token of its own dialog
    };
    Kind kind = Kind::unknown;
    config::ServerIndex server = config::no_server;
    bool may_register = false;
    /// The binding that was made over this flow, if any: what outlives the flow in tokens.
    std::optional<registration::BindingId> binding;
};

/// `over_flow`: a binding registered over this very flow. `proved`: the names in the verified
/// certificate of the flow's TLS peer, null if there is none; a server with verify_inbound is
/// nobody without the right one (R42). Among several trusted servers at one address the one whose
/// name is proved goes first, then the one with the flow's transport, then configuration order.
[[nodiscard]] Source identify(const Flow& flow, const config::Config& config,
                              const config::ServerAddresses& servers,
                              std::optional<registration::BindingId> over_flow,
                              const SubjectNames* proved = nullptr);

} // namespace roundabout::routing
