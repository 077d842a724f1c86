#pragma once

#include "config/config.hpp"
#include "config/document.hpp"
#include "config/report.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::config {

/// What the command line says about the configuration, in the words that stand there. A flag that
/// takes several values may be repeated, and each of its words may hold several between commas.
struct Flags {
    std::vector<std::string> local_ip;   ///< our addresses; they are listened on
    std::vector<std::string> local_fqdn; ///< our domain names
    std::vector<std::string> trusted_server;
    std::vector<std::string> trusted_client_ip;
    std::optional<std::string> trusted_client_mask; ///< for IPv4; absent: 24
    std::optional<std::string> default_sip_server;
    std::optional<std::string> default_network; ///< absent: tcp
    std::optional<std::string> tls_key;
    std::optional<std::string> tls_cert;
    bool strict_host = false;
    bool strict_client = false;
    bool ack_ruri = false;
    bool contact_header_fqdn = false;

    friend bool operator==(const Flags&, const Flags&) = default;
};

/// A place that flags alone listen at, since they name none.
struct DefaultListener {
    Transport transport = Transport::udp;
    Endpoint bind;
    std::string obstacle; ///< why it is not opened; empty: it is
};

/// Why nobody can listen there (no full stop); empty: one can.
using ListenerProbe = std::function<std::string(Transport, const Endpoint&)>;

/// Around the flags: what they can't know.
struct FlagScene {
    bool alone = true;        ///< there is no configuration file
    std::string folder;       ///< that their file names start at
    std::string state_folder; ///< where registrations are kept; empty: where they are by default
    std::string run_folder;   ///< where the control socket is; empty: there is none
    ListenerProbe probe;      ///< empty: every place can be listened at
};

/// Puts what `flags` say in place of what `document` says, key by key, and, where they are alone,
/// the original program's defaults in place of the file's: not strict in anything, ACK by To. What
/// is wrong with a flag goes to `report` under its name. -trusted-server replaces all servers.
/// Returns the default listeners, which replace all others: those of -local-ip; without it, where
/// flags are alone, every address of the machine; UDP and TCP 5060, TLS 5061, WS 80, WSS 443.
std::vector<DefaultListener> lay_over(Table& document, const Flags& flags, const FlagScene& scene,
                                      Report& report);

/// What can be said only when the document has become a configuration: the default server, and,
/// where there are default listeners, an outgoing one for each server whose transport has none.
void finish_flags(Config& config, const Flags& flags,
                  const std::vector<DefaultListener>& default_listeners, Report& report);

} // namespace roundabout::config
