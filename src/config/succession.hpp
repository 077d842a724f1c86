#pragma once

#include "config/config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace roundabout::config {

/// Gives each server its place in `client_tls`, which is made anew. O(servers).
void number_client_tls(Config& config);

/// A configuration that follows a running one.
struct Succession {
    Config config;
    /// Keys whose values take effect at a restart only; `config` has the running values of them.
    std::vector<std::string> after_restart;
};

/// `next`, as loaded, made to follow `running` in the same process. A listener with the transport
/// and address of a running one has its position; those that are gone stay as closed ones; new ones
/// take the place of a closed one of the same name, or come last. Places in `client_tls` likewise
/// mean what they meant. Nothing if there have been more listeners or servers than there are
/// indexes. O(listeners squared).
[[nodiscard]] std::optional<Succession> succeed(Config next, const Config& running);

} // namespace roundabout::config
