#pragma once

#include "base/endpoint.hpp"
#include "base/flow.hpp"
#include "base/location.hpp"
#include "base/subject_names.hpp"
#include "base/transport.hpp"
#include "config/config.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::config {

/// The trusted server that a URI's host and port name; no_server if none. `host` in any case, IPv6
/// with or without brackets. A domain names its server whatever the port. An address, or a host
/// name of `addresses`, needs the entry's port too; without a port in the URI an entry at its
/// transport's default port goes before one elsewhere. O(servers), no allocation.
[[nodiscard]] ServerIndex server_by_domain(const Config& config, std::string_view host,
                                           std::optional<std::uint16_t> port) noexcept;

/// The server of that name; no_server if none.
[[nodiscard]] ServerIndex server_by_name(const Config& config, std::string_view name) noexcept;

/// True if host and port of a URI or a Route mean this proxy: one of `domains`, or a listener's
/// advertised host or bound address, with no port or a port that one of the listeners there has.
/// `machine` are the addresses of this machine (transport/local_addresses.hpp): they count for
/// listeners bound to a wildcard; loopback addresses always do. Where the port is missing and a
/// trusted server sits on the same host at a default port while no listener does, the server is
/// meant. O(domains + listeners), no allocation.
[[nodiscard]] bool is_ours(const Config& config, std::string_view host,
                           std::optional<std::uint16_t> port,
                           std::span<const IpAddress> machine) noexcept;

/// May a client at that address REGISTER: strict_client is off, or client_networks has it.
[[nodiscard]] bool client_allowed(const Config& config, const IpAddress& source) noexcept;

/// The default server for what arrives on that listener: the listener's own, else the general one,
/// else no_server.
[[nodiscard]] ServerIndex default_server(const Config& config, const Listener& listener) noexcept;

/// Host and port for Via and Record-Route of what leaves by a flow of `listener` whose local
/// address is `local`: the advertised value, else `local` with the listener's port (the local port
/// of a connection that we opened is nobody's to dial).
[[nodiscard]] Advertised advertised_for(const Listener& listener, const IpAddress& local);

/// The same for a Contact. contact_host = "fqdn": as advertised_for(). "ip": the advertised value
/// where it is an address, else `local` with the listener's port.
[[nodiscard]] Advertised contact_for(const Config& config, const Listener& listener,
                                     const IpAddress& local);

/// Where requests to a server go first: the first of its routes, else the server itself.
struct NextHop {
    std::string_view host; ///< empty: the server's own `hosts`; IPv6 with brackets
    std::uint16_t port = 0;
    Transport transport = Transport::udp;
    bool fixed_port = false;      ///< the port is written, no default
    bool fixed_transport = false; ///< the transport is
    bool secure = false;          ///< by a SIPS URI
};
/// `server` as validated (its routes parse).
[[nodiscard]] NextHop next_hop(const TrustedServer& server) noexcept;

/// The name that the certificate of a peer must carry when `host` of `server` is dialled:
/// tls_name, else `host` if it is a name, else the server's first domain (R42).
[[nodiscard]] std::string expected_tls_name(const TrustedServer& server, std::string_view host);

/// True if a certificate with these names is that server's: it has the name expected at one of the
/// server's hosts (R42).
[[nodiscard]] bool proves_server(const TrustedServer& server, const SubjectNames& names);

/// One of its `hosts` is a name, whose port DNS may say.
[[nodiscard]] bool has_host_name(const TrustedServer& server);

/// It leaves the transport of a host name to DNS: neither transport nor port is written.
[[nodiscard]] bool asks_for_transport(const TrustedServer& server);

/// The transports in which servers can be reached and reach us: those of listeners for them.
[[nodiscard]] TransportSet spoken_to_servers(const Config& config) noexcept;

/// What to look for at one of the server's `hosts` (RFC 3263 §4): with a port written, its
/// addresses; with a transport written, SRV for that; with neither, NAPTR among `spoken`.
[[nodiscard]] Sought sought_at(const TrustedServer& server, std::string_view host,
                               TransportSet spoken);

/// What to look for to reach the first of the server's routes.
[[nodiscard]] Sought sought_at(const NextHop& hop, TransportSet spoken);

/// Everything that the resolver must keep located, each once: all hosts of servers, and the hosts
/// of their first routes.
[[nodiscard]] std::vector<Sought> places_to_keep(const Config& config);

} // namespace roundabout::config
