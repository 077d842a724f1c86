#pragma once

#include "base/endpoint.hpp"
#include "base/flow.hpp"
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
};
/// `server` as validated (its routes parse).
[[nodiscard]] NextHop next_hop(const TrustedServer& server) noexcept;

/// The name that the certificate of a peer must carry when `host` of `server` is dialled:
/// tls_name, else `host` if it is a name, else the server's first domain (R42).
[[nodiscard]] std::string expected_tls_name(const TrustedServer& server, std::string_view host);

/// Every host that the resolver must keep an answer for, each once: those of all servers and of
/// their first routes.
[[nodiscard]] std::vector<std::string> hosts_to_resolve(const Config& config);

} // namespace roundabout::config
