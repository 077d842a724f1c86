#pragma once

#include "config/config.hpp"
#include "config/server_addresses.hpp"
#include "routing/tokens.hpp"

#include <cstdint>
#include <span>

namespace roundabout::routing {

/// What a decision is made against: one configuration with what belongs to it. A request keeps the
/// one it started with.
struct Scene {
    const config::Config& config;
    const config::ServerAddresses& servers;
    std::span<const std::uint32_t> server_hashes; ///< of their names (Tokens::name_hash)
    std::span<const IpAddress> machine; ///< this machine's addresses, for wildcard listeners
    Tokens& tokens;
};

} // namespace roundabout::routing
