#pragma once

#include "base/endpoint.hpp"
#include "base/flow.hpp"
#include "base/transport.hpp"
#include "config/limits.hpp"

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

    friend bool operator==(const Certificate&, const Certificate&) = default;
};

/// Whether a TLS listener asks who connects for a certificate. `optional`: one that does not verify
/// counts as none. `required`: nobody gets in without one that verifies.
enum class ClientCertificates : std::uint8_t { none, optional, required };

struct Listener {
    /// A reload removed it. It keeps its place, so that the others keep their ListenerIndex, and
    /// serves nobody.
    bool closed = false;
    /// Nothing is accepted there: it speaks for the connections that are opened to servers by its
    /// transport, which come back by those connections or not at all. Not UDP; serves no clients.
    bool outgoing_only = false;
    Transport transport = Transport::udp;
    Endpoint bind;
    std::optional<Advertised> advertised; ///< absent: the local address of the very flow
    bool serves_clients = true;
    bool serves_servers = true; ///< a trusted server is recognised only where this is true
    ServerIndex default_server = no_server; ///< overrides Config::default_server
    std::optional<Certificate> certificate; ///< TLS and WSS; absent: Config::tls.certificate
    /// TLS and WSS, instead of `certificate`: the one whose names have what the client asks for is
    /// shown, else the first.
    std::vector<Certificate> certificates;
    bool proxy_protocol = false; ///< not UDP: each connection begins with a PROXY header
    ClientCertificates client_certificates = ClientCertificates::none; ///< TLS and WSS
    std::string client_ca_file;       ///< authorities for those; empty: Config::tls.ca_file
    std::string path;                 ///< WS and WSS: the only path served; empty: any
    std::vector<std::string> origins; ///< WS and WSS: allowed Origin values; empty: any
};

/// What to do with a request beyond 1300 bytes towards a UDP server (RFC 3261 §18.1.1; R39).
enum class LargeRequests : std::uint8_t { udp, tcp_first };

/// Whether requests to a server leave by a connection that the server opened (RFC 5923; R40).
enum class ReuseInbound : std::uint8_t {
    never,
    alias,  ///< TLS and WSS: if its certificate proved its name, and its Via says `alias`
    always, ///< whatever its Via says; over TCP and WS its address alone is believed
};

/// How a server learns the way back to its clients (RFC 3327): our Contact in place of theirs, or
/// our URI as Path beside their own Contact.
enum class RegisterAs : std::uint8_t { contact, path };

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
    // What the entry leaves out DNS says for its host names (RFC 3263); `port` and `transport` are
    // for those that DNS has nothing else for.
    bool fixed_port = false;         ///< `port` is written: no SRV
    bool fixed_transport = false;    ///< `transport` is written: no NAPTR
    std::vector<std::string> routes; ///< URIs put on as Route, in order; first: the next hop
    LargeRequests large_requests = LargeRequests::udp;
    bool rewrite_contact = true;                   ///< in dialogs (R17)
    bool token_only = false;                       ///< contact_match = "token": no fallback by user
    std::vector<ServerIndex> may_call_clients;     ///< other servers that may reach its clients
    std::string path = "/";                        ///< WS and WSS: the path asked for
    std::string ca_file;                           ///< TLS and WSS: instead of Config::tls.ca_file
    std::optional<Certificate> client_certificate; ///< TLS and WSS: shown to it
    std::string tls_name; ///< the SAN that must be there; empty: host name, else first domain
    /// TLS and WSS: it is recognised only by a certificate with that name, never by address alone.
    bool verify_inbound = false;
    ReuseInbound reuse_inbound = ReuseInbound::never;
    std::uint16_t tls_profile = 0; ///< position in Config::client_tls
    RegisterAs register_as = RegisterAs::contact;
    /// How often each of its addresses is asked by OPTIONS whether it lives; 0: never.
    std::chrono::milliseconds probe{0};
};

/// What connections that we open to a server go by. A position in Config::client_tls means the same
/// for the process's life, so that a connection made under one is never taken for another server's.
struct ClientTls {
    std::string server; ///< its name; empty: any host
    std::string ca_file;
    std::optional<Certificate> certificate;
    bool used = true; ///< false: a reload has left no server that goes by it
};

enum class UnknownSource : std::uint8_t { drop, reject };
enum class AckTarget : std::uint8_t { ruri, to };
enum class ContactHost : std::uint8_t { ip, fqdn };
enum class Durability : std::uint8_t { full, normal };
/// What becomes of a 2xx to REGISTER whose binding is not on disk in time.
enum class OnStoreFailure : std::uint8_t { pass, unavailable };

struct Tls {
    std::optional<Certificate> certificate;
    std::string ca_file; ///< authorities for trusted servers; empty: the system's
    std::optional<Certificate> client_certificate;
};

struct Store {
    std::string path = "/var/lib/roundabout/clients.db";
    Durability durability = Durability::full;
    std::chrono::milliseconds wait{2000}; ///< how long a 2xx waits for its commit
    OnStoreFailure on_failure = OnStoreFailure::pass;
};

struct Control {
    std::string socket; ///< path; empty: no control socket
    std::string group;  ///< empty: the daemon's own
};

/// The HTTP listener for metrics and health.
struct Metrics {
    bool enabled = false; ///< left out: true if `bind` is written
    Endpoint bind{IpAddress::v4({127, 0, 0, 1}), 9506};
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
    /// Proxies in front of us, whose word on where a connection comes from is taken.
    std::vector<Network> trusted_proxies;
    UnknownSource unknown_source = UnknownSource::drop;
    Transport default_transport = Transport::tcp; ///< towards unconfigured hosts, strict_host off
    AckTarget ack_target = AckTarget::ruri;
    ContactHost contact_host = ContactHost::ip;

    unsigned workers = 0;                 ///< 0: one a core
    std::chrono::milliseconds park{5000}; ///< how long a call waits for a client's new flow
    std::chrono::seconds drain{5};        ///< how long transactions may take to end at shutdown
    /// How long an address that failed is tried after the others of its server.
    std::chrono::milliseconds retry_failed_after{30'000};
    /// How long an address may be silent before the next one of its server is tried.
    std::chrono::milliseconds try_next_after{5000};
    Limits limits;
    Tls tls;
    std::vector<ClientTls> client_tls; ///< the first one is for hosts that are no trusted server
    Store store;
    Control control;
    Metrics metrics;
    Log log;
    std::vector<std::string> name_servers; ///< "address:port"; empty: the system's
};

using ConfigPtr = std::shared_ptr<const Config>;

} // namespace roundabout::config
