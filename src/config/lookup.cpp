#include "config/lookup.hpp"

#include "base/ascii.hpp"
#include "sip/uri.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::config {
namespace {

// The address that a host of a URI is. RFC 3261's grammar let a third colon come before an IPv4
// address in an IPv6 reference, and peers that follow it are understood (RFC 5118 §4.10).
std::optional<IpAddress> address_of(std::string_view host) {
    const std::size_t colons = host.find(":::");
    const auto parsed = colons == std::string_view::npos
                            ? IpAddress::parse(host)
                            : IpAddress::parse(std::string(host).erase(colons, 1));
    return parsed ? std::optional(*parsed) : std::nullopt;
}

// A host of a URI, its address worked out once for all comparisons.
class HostMatch {
  public:
    explicit HostMatch(std::string_view host)
        : host_(host) {
        if (host_.ends_with('.'))
            host_.remove_suffix(1);
        const bool may_be_address =
            !host_.empty() && (host_.front() == '[' || ascii::is_digit(host_.front()) ||
                               host_.find(':') != std::string_view::npos);
        if (!may_be_address)
            return;
        address_ = address_of(host_);
    }

    [[nodiscard]] const std::optional<IpAddress>& address() const noexcept { return address_; }

    // `configured` is in normal form (host_syntax.hpp), so only an address can look like one.
    [[nodiscard]] bool is(std::string_view configured) const noexcept {
        if (ascii::iequals(configured, host_))
            return true;
        if (!address_)
            return false;
        const auto other = IpAddress::parse(configured);
        return other && *other == *address_;
    }

    [[nodiscard]] bool is_any(const std::vector<std::string>& configured) const noexcept {
        return std::ranges::any_of(configured,
                                   [this](const std::string& text) { return is(text); });
    }

  private:
    std::string_view host_;
    std::optional<IpAddress> address_;
};

bool is_bound_there(const Listener& listener, const IpAddress& address,
                    std::span<const IpAddress> machine) noexcept {
    const IpAddress& bound = listener.bind.address;
    if (bound == address)
        return true;
    if (!bound.is_unspecified() || bound.is_v6() != address.is_v6())
        return false;
    return address.is_loopback() || std::ranges::find(machine, address) != machine.end();
}

// The port under which `listener` is known by that host; nothing if it isn't known by it.
std::optional<std::uint16_t> port_at(const Listener& listener, const HostMatch& host,
                                     std::span<const IpAddress> machine) noexcept {
    if (listener.closed)
        return std::nullopt;
    if (listener.advertised && host.is(listener.advertised->host))
        return listener.advertised->port;
    const std::optional<IpAddress>& address = host.address();
    if (address && is_bound_there(listener, *address, machine))
        return listener.bind.port;
    return std::nullopt;
}

bool has_port(const Listener& listener, std::uint16_t port) noexcept {
    return !listener.closed && (listener.bind.port == port ||
                                (listener.advertised && listener.advertised->port == port));
}

} // namespace

ServerIndex server_by_domain(const Config& config, std::string_view host,
                             std::optional<std::uint16_t> port) noexcept {
    const HostMatch wanted(host);
    ServerIndex fallback = no_server;
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        const TrustedServer& server = config.servers[i];
        const bool by_domain = wanted.is_any(server.domains);
        if (!by_domain && !wanted.is_any(server.hosts))
            continue;
        if (server.port == port.value_or(default_port(server.transport)))
            return static_cast<ServerIndex>(i);
        const bool whatever_port = !port || (by_domain && !wanted.address());
        if (whatever_port && fallback == no_server)
            fallback = static_cast<ServerIndex>(i);
    }
    return fallback;
}

ServerIndex server_by_name(const Config& config, std::string_view name) noexcept {
    const auto found = std::ranges::find(config.servers, name, &TrustedServer::name);
    return found == config.servers.end() ? no_server
                                         : static_cast<ServerIndex>(found - config.servers.begin());
}

bool is_ours(const Config& config, std::string_view host, std::optional<std::uint16_t> port,
             std::span<const IpAddress> machine) noexcept {
    const HostMatch wanted(host);
    if (wanted.is_any(config.domains))
        return !port || std::ranges::any_of(config.listeners, [&](const Listener& listener) {
            return has_port(listener, *port);
        });
    bool known_elsewhere = false; // by that host, but at a port that is not the default one
    for (const Listener& listener : config.listeners) {
        const auto there = port_at(listener, wanted, machine);
        if (!there)
            continue;
        if (*there == port.value_or(default_port(listener.transport)))
            return true;
        known_elsewhere = known_elsewhere || !port;
    }
    if (!known_elsewhere)
        return false;
    const ServerIndex server = server_by_domain(config, host, port);
    return server == no_server ||
           config.servers[server].port != default_port(config.servers[server].transport);
}

bool client_allowed(const Config& config, const IpAddress& source) noexcept {
    return !config.strict_client ||
           std::ranges::any_of(config.client_networks, [&source](const Network& network) {
               return network.contains(source);
           });
}

ServerIndex default_server(const Config& config, const Listener& listener) noexcept {
    return listener.default_server != no_server ? listener.default_server : config.default_server;
}

Advertised advertised_for(const Listener& listener, const IpAddress& local) {
    if (listener.advertised)
        return *listener.advertised;
    return {local.to_host(), listener.bind.port};
}

Advertised contact_for(const Config& config, const Listener& listener, const IpAddress& local) {
    const bool as_advertised = listener.advertised && (config.contact_host == ContactHost::fqdn ||
                                                       IpAddress::parse(listener.advertised->host));
    if (as_advertised)
        return *listener.advertised;
    return {local.to_host(), listener.bind.port};
}

NextHop next_hop(const TrustedServer& server) noexcept {
    const NextHop itself{
        {}, server.port, server.transport, server.fixed_port, server.fixed_transport, false};
    if (server.routes.empty())
        return itself;
    const auto uri = sip::parse_uri(server.routes.front());
    if (!uri || !uri->is_sip())
        return itself;
    NextHop hop;
    hop.host = uri->host;
    const bool secure = uri->scheme == sip::Uri::Scheme::sips;
    hop.secure = secure;
    hop.fixed_port = uri->port.has_value();
    hop.transport = secure ? Transport::tls : Transport::udp; // RFC 3263 §4.1, for want of records
    if (const auto word = uri->parameter("transport")) {
        if (const auto transport = parse_transport(*word)) {
            hop.transport = *transport;
            hop.fixed_transport = true;
        }
        if (secure && hop.transport == Transport::tcp)
            hop.transport = Transport::tls;
        if (hop.transport == Transport::ws && (secure || uri->port == default_port(Transport::wss)))
            hop.transport = Transport::wss;
    }
    hop.port = uri->port.value_or(default_port(hop.transport));
    return hop;
}

std::string expected_tls_name(const TrustedServer& server, std::string_view host) {
    if (!server.tls_name.empty())
        return server.tls_name;
    const bool is_address = IpAddress::parse(host).has_value();
    if (is_address && !server.domains.empty())
        return server.domains.front();
    return ascii::to_lower(host);
}

bool proves_server(const TrustedServer& server, const SubjectNames& names) {
    return std::ranges::any_of(server.hosts, [&](const std::string& host) {
        return proves_name(names, expected_tls_name(server, host));
    });
}

bool has_host_name(const TrustedServer& server) {
    return std::ranges::any_of(
        server.hosts, [](const std::string& host) { return !IpAddress::parse(host).has_value(); });
}

bool asks_for_transport(const TrustedServer& server) {
    return !server.fixed_transport && !server.fixed_port && has_host_name(server);
}

TransportSet spoken_to_servers(const Config& config) noexcept {
    TransportSet spoken;
    for (const Listener& listener : config.listeners) {
        if (listener.serves_servers)
            spoken.add(listener.transport);
    }
    return spoken;
}

Sought sought_at(const TrustedServer& server, std::string_view host, TransportSet spoken) {
    Sought sought;
    sought.host = ascii::to_lower(host);
    const bool is_address = IpAddress::parse(host).has_value();
    if (server.fixed_port || is_address)
        sought.port = server.port;
    if (server.fixed_transport || is_address)
        sought.transport = server.transport;
    sought.fallback = server.transport;
    sought.spoken = spoken;
    return sought;
}

Sought sought_at(const NextHop& hop, TransportSet spoken) {
    Sought sought;
    const auto address = IpAddress::parse(hop.host);
    sought.host = address ? address->to_string() : ascii::to_lower(hop.host);
    if (hop.fixed_port)
        sought.port = hop.port;
    if (hop.fixed_transport)
        sought.transport = hop.transport;
    sought.secure = hop.secure;
    sought.fallback = hop.transport;
    sought.spoken = spoken;
    return sought;
}

std::vector<Sought> places_to_keep(const Config& config) {
    std::vector<Sought> places;
    const auto add = [&places](Sought sought) {
        if (std::ranges::find(places, sought) == places.end())
            places.push_back(std::move(sought));
    };
    const TransportSet spoken = spoken_to_servers(config);
    for (const TrustedServer& server : config.servers) {
        for (const std::string& host : server.hosts)
            add(sought_at(server, host, spoken));
        const NextHop hop = next_hop(server);
        if (!hop.host.empty())
            add(sought_at(hop, spoken));
    }
    return places;
}

} // namespace roundabout::config
