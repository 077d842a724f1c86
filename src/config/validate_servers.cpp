#include "base/ascii.hpp"
#include "config/lookup.hpp"
#include "config/validate.hpp"
#include "sip/uri.hpp"

#include <algorithm>
#include <optional>

namespace roundabout::config {
namespace {

bool is_numeric(std::string_view host) { return IpAddress::parse(host).has_value(); }

// Names stand in logs, in the database and on the command line of roundabout-ctl.
bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

void check_name(const Config& config, std::size_t index, Report& report) {
    const TrustedServer& server = config.servers[index];
    const std::string path = server_path(index) + ".name";
    if (report.is_written(path) && !report.is_faulty(path) && !is_plain_name(server.name))
        report.error(path,
                     quoted(server.name) + " is not made of letters, digits, '-', '_' and '.' only",
                     R"(write a short name, as name = "pbx")");
    for (std::size_t i = 0; i < index && !server.name.empty(); ++i) {
        if (config.servers[i].name != server.name)
            continue;
        report.error(path, "there is a server named " + quoted(server.name) + " already",
                     "give each server a name of its own");
        return;
    }
}

// Two servers at one address and port differ only by domains; two that take a domain each for
// itself differ by nothing.
bool claims_collide(const Report& report, std::size_t a, std::size_t b, const Config& config,
                    std::string_view domain) {
    const bool both_written = report.is_written(server_path(a) + ".domains") &&
                              report.is_written(server_path(b) + ".domains");
    if (config.servers[a].port == config.servers[b].port)
        return true;
    return both_written && !is_numeric(domain);
}

void check_domains(const Config& config, std::size_t index, Report& report) {
    const TrustedServer& server = config.servers[index];
    for (std::size_t d = 0; d < server.domains.size(); ++d) {
        const std::string& domain = server.domains[d];
        const std::string path = server_path(index) + ".domains[" + std::to_string(d) + "]";
        if (!is_numeric(domain) && std::ranges::count(config.domains, domain) != 0)
            report.error(path, quoted(domain) + " is one of our own domains",
                         "leave it to one of the two; a server needs domains of its own");
        for (std::size_t i = 0; i < index; ++i) {
            const TrustedServer& other = config.servers[i];
            if (std::ranges::count(other.domains, domain) == 0 ||
                !claims_collide(report, i, index, config, domain))
                continue;
            report.error(path,
                         quoted(domain) + " names the server " + quoted(other.name) + " already",
                         "give each server domains of its own");
        }
    }
}

// A server that is one of our listeners would get its own requests back.
void check_not_ourselves(const Config& config, std::size_t index, Report& report) {
    const TrustedServer& server = config.servers[index];
    if (!server.routes.empty())
        return;
    for (std::size_t h = 0; h < server.hosts.size(); ++h) {
        const auto address = IpAddress::parse(server.hosts[h]);
        const bool found = address && std::ranges::any_of(config.listeners, [&](const Listener& l) {
                               return l.bind == Endpoint{*address, server.port} &&
                                      is_reliable(l.transport) == is_reliable(server.transport);
                           });
        if (found)
            report.error(server_path(index) + ".addresses[" + std::to_string(h) + "]",
                         quoted(server.hosts[h]) + " with port " + std::to_string(server.port) +
                             " is a listener of this proxy itself",
                         "write the server's own address and port");
    }
}

void check_route(const std::string& path, const std::string& route, Report& report) {
    const std::string example = R"(write "sip:edge.example.com:5070;transport=tcp;lr")";
    const auto uri = sip::parse_uri(route);
    if (!uri || !uri->is_sip()) {
        report.error(path, quoted(route) + " is no sip or sips URI",
                     example + (route.find('<') != std::string::npos ? ", without < and >" : ""));
        return;
    }
    if (!uri->headers.empty())
        report.error(path, "a route carries no headers", "leave out what follows the '?'");
    if (const auto transport = uri->parameter("transport")) {
        if (!parse_transport(*transport))
            report.error(path, quoted(*transport) + " is no transport",
                         "write transport=udp, tcp, tls or ws");
        else if (uri->scheme == sip::Uri::Scheme::sips && ascii::iequals(*transport, "udp"))
            report.error(path, "sips never goes by UDP", "write transport=tcp, or sip:");
    }
    if (!uri->parameter("lr"))
        report.warning(path,
                       "the route " + quoted(route) +
                           " has no lr: that proxy is taken for a strict router (RFC 3261 §16.6)",
                       "add ;lr unless it really is one");
}

bool reaches(const Listener& listener, bool v6) { return listener.bind.address.is_v6() == v6; }

// Requests to a server leave by, or speak for, a listener of its transport and address family: that
// is what Via and Contact tell it to answer to.
void check_listener(const Config& config, std::size_t index, Report& report) {
    const TrustedServer& server = config.servers[index];
    const std::string path = server_path(index);
    const NextHop hop = next_hop(server);
    const std::string_view target =
        hop.host.empty() ? std::string_view(server.hosts.front()) : hop.host;
    const auto address = IpAddress::parse(target);
    const bool any_transport = !hop.fixed_transport && !hop.fixed_port && !address;
    const bool found = std::ranges::any_of(config.listeners, [&](const Listener& listener) {
        const bool by_dns = any_transport && !is_websocket(listener.transport);
        return (by_dns || listener.transport == hop.transport) && listener.serves_servers &&
               (!address || reaches(listener, address->is_v6()));
    });
    if (found)
        return;
    const bool v6 = address && address->is_v6();
    const std::string bind =
        (v6 ? "[::]:" : "0.0.0.0:") + std::to_string(default_port(hop.transport));
    report.error(path + ".transport",
                 "the server " + quoted(server.name) + " is reached by " +
                     std::string(name(hop.transport)) + (v6 ? " over IPv6" : "") +
                     ", but no such listener serves servers, so it could not reach us",
                 "add [[listen]] with transport = " + quoted(name(hop.transport)) +
                     " and bind = " + quoted(bind));
}

// Who must prove its name has to be asked for it.
void check_verify_inbound(const Config& config, std::size_t index, Report& report) {
    const TrustedServer& server = config.servers[index];
    const bool asked = std::ranges::any_of(config.listeners, [&](const Listener& listener) {
        return listener.transport == server.transport && listener.serves_servers &&
               listener.client_certificates != ClientCertificates::none;
    });
    if (server.verify_inbound && is_secure(server.transport) && !asked)
        report.error(server_path(index) + ".verify_inbound",
                     "no " + std::string(name(server.transport)) +
                         " listener that serves servers asks for certificates",
                     R"(write client_certificates = "optional" in that [[listen]])");
}

bool listeners_are_sound(const Config& config, const Report& report) {
    if (config.listeners.empty())
        return false;
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        for (const char* key : {".transport", ".bind", ".serves"}) {
            if (report.is_faulty_below(listener_path(i) + key))
                return false;
        }
    }
    return true;
}

} // namespace

void validate_servers(const Config& config, Report& report) {
    if (config.servers.size() >= no_server)
        report.error("server", "there are too many servers",
                     "leave at most " + std::to_string(no_server - 1));
    const bool listeners_known = listeners_are_sound(config, report);
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        const TrustedServer& server = config.servers[i];
        const std::string path = server_path(i);
        const std::size_t errors = report.error_count();
        check_name(config, i, report);
        check_domains(config, i, report);
        check_not_ourselves(config, i, report);
        for (std::size_t r = 0; r < server.routes.size(); ++r)
            check_route(path + ".routes[" + std::to_string(r) + "]", server.routes[r], report);
        if (server.hosts.empty() && report.is_written(path + ".addresses") &&
            !report.is_faulty_below(path + ".addresses"))
            report.error(path + ".addresses", "is empty", R"(write addresses = ["192.0.2.10"])");
        const bool sound = report.error_count() == errors && !server.hosts.empty() &&
                           !report.is_faulty(path + ".transport");
        if (sound && listeners_known) {
            check_listener(config, i, report);
            check_verify_inbound(config, i, report);
        }
    }
}

} // namespace roundabout::config
