#pragma once

#include "base/endpoint.hpp"
#include "base/flow.hpp"
#include "base/transport.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::config {

/// Position of a trusted server in `Config::servers`.
using ServerIndex = std::uint16_t;
inline constexpr ServerIndex no_server = 0xFFFF;

/// A host and port as others must write them to reach a listener.
struct Advertised {
    std::string host; ///< name or address; IPv6 with brackets
    std::uint16_t port = 0;
};

/// Certificate chain and private key, PEM files.
struct Certificate {
    std::string chain_file;
    std::string key_file;
};

struct Listener {
    Transport transport = Transport::udp;
    Endpoint bind;
    std::optional<Advertised> advertised; ///< absent: the local address of the very flow
    bool serves_clients = true;
    bool serves_servers = true; ///< a trusted server is recognised only where this is true
    ServerIndex default_server = no_server; ///< overrides Config::default_server
    std::optional<Certificate> certificate; ///< TLS and WSS; absent: Config::tls.certificate
    std::string path;                       ///< WS and WSS: the only path served; empty: any
    std::vector<std::string> origins;       ///< WS and WSS: allowed Origin values; empty: any
};

/// What to do with a request beyond 1300 bytes towards a UDP server (RFC 3261 §18.1.1; R39).
enum class LargeRequests : std::uint8_t { udp, tcp_first };

struct TrustedServer {
    std::string name;
    /// Addresses (IPv6 without brackets) or host names (lower case): where it is dialled unless
    /// `routes` says otherwise, and what it is recognised by. Default: the domains.
    std::vector<std::string> hosts;
    /// R-URI hosts that name it, lower case, IPv6 in brackets; first: its own name. Default:
    /// `hosts`.
    std::vector<std::string> domains;
    std::uint16_t port = 0; ///< 0 only before validation
    Transport transport = Transport::udp;
    std::vector<std::string> routes; ///< URIs put on as Route, in order; first: the next hop
    LargeRequests large_requests = LargeRequests::udp;
    bool rewrite_contact = true;                   ///< in dialogs (R17)
    bool token_only = false;                       ///< contact_match = "token": no fallback by user
    std::vector<ServerIndex> may_call_clients;     ///< other servers that may reach its clients
    std::string path = "/";                        ///< WS and WSS: the path asked for
    std::string ca_file;                           ///< TLS and WSS: instead of Config::tls.ca_file
    std::optional<Certificate> client_certificate; ///< TLS and WSS: shown to it
    std::string tls_name; ///< the SAN that must be there; empty: host name, else first domain
};

enum class UnknownSource : std::uint8_t { drop, reject };
enum class AckTarget : std::uint8_t { ruri, to };
enum class ContactHost : std::uint8_t { ip, fqdn };
enum class Durability : std::uint8_t { full, normal };

struct Tls {
    std::optional<Certificate> certificate;
    std::string ca_file; ///< authorities for trusted servers; empty: the system's
    std::optional<Certificate> client_certificate;
};

struct Store {
    std::string path = "/var/lib/roundabout/clients.db";
    Durability durability = Durability::full;
    std::chrono::milliseconds wait{2000}; ///< how long a 2xx waits for its commit
};

struct Control {
    std::string socket; ///< path; empty: no control socket
    std::string group;  ///< empty: the daemon's own
};

struct Log {
    std::string level = "info";
    bool json = false;
};

/// What the daemon goes by. Immutable once validated; a request keeps the one it started with.
struct Config {
    std::vector<std::string>
        domains; ///< names that are ours beside listeners' addresses; lower case
    std::vector<Listener> listeners;
    std::vector<TrustedServer> servers;
    ServerIndex default_server = no_server;

    bool strict_host = true;
    bool strict_client = true;
    std::vector<Network> client_networks; ///< who may REGISTER while strict_client is on
    UnknownSource unknown_source = UnknownSource::drop;
    Transport default_transport = Transport::tcp; ///< towards unconfigured hosts, strict_host off
    AckTarget ack_target = AckTarget::ruri;
    ContactHost contact_host = ContactHost::ip;

    unsigned workers = 0;          ///< 0: one a core
    std::chrono::seconds drain{5}; ///< how long transactions may take to end at shutdown
    Tls tls;
    Store store;
    Control control;
    Log log;
    std::vector<std::string> name_servers; ///< "address:port"; empty: the system's
};

using ConfigPtr = std::shared_ptr<const Config>;

} // namespace roundabout::config
