#include "base/ascii.hpp"
#include "config/validate.hpp"

#include <algorithm>

namespace roundabout::config {
namespace {

// Transports that listen on a TCP port share its number space; UDP has its own.
bool same_port_space(Transport a, Transport b) noexcept { return is_reliable(a) == is_reliable(b); }

void check_duplicates(const Config& config, std::size_t index, Report& report) {
    const Listener& listener = config.listeners[index];
    const std::string path = listener_path(index);
    if (report.is_faulty(path + ".bind") || report.is_faulty(path + ".transport"))
        return;
    for (std::size_t i = 0; i < index; ++i) {
        const Listener& other = config.listeners[i];
        if (other.bind != listener.bind || !same_port_space(other.transport, listener.transport) ||
            report.is_faulty(listener_path(i) + ".bind"))
            continue;
        if (other.transport == listener.transport)
            report.error(path + ".bind",
                         "there is a " + std::string(name(listener.transport)) + " listener on " +
                             listener.bind.to_string() + " already",
                         "remove one of the two");
        else
            report.error(path + ".bind",
                         std::string(name(other.transport)) + " listens on the TCP port of " +
                             listener.bind.to_string() + " already",
                         "give this listener another port, as that of " +
                             std::string(name(listener.transport)) + ": " +
                             std::to_string(default_port(listener.transport)));
        return;
    }
}

void check_certificate(const Config& config, std::size_t index, Report& report) {
    const Listener& listener = config.listeners[index];
    const std::string path = listener_path(index);
    const bool present =
        listener.certificate || !listener.certificates.empty() || config.tls.certificate;
    const bool tried =
        report.is_written(path + ".certificate") || report.is_written(path + ".certificates") ||
        report.is_written("tls.certificate") || report.is_faulty(path + ".transport");
    if (is_secure(listener.transport) && !listener.outgoing_only && !present && !tried)
        report.error(path + ".certificate",
                     "a " + std::string(name(listener.transport)) +
                         " listener has no certificate to show",
                     "write certificate and key here, or once for all in [tls]");
}

void check_proxy_protocol(const Config& config, std::size_t index, Report& report) {
    const std::string path = listener_path(index) + ".proxy_protocol";
    if (config.listeners[index].proxy_protocol && config.trusted_proxies.empty() &&
        !report.is_faulty(path) && !report.is_faulty_below("trusted_proxies"))
        report.error(path, "there are no trusted_proxies, so that nobody could connect",
                     R"(list the proxies in front at the top, as trusted_proxies = ["10.0.0.2"])");
}

void check_outgoing_only(const Config& config, std::size_t index, Report& report) {
    const Listener& listener = config.listeners[index];
    const std::string path = listener_path(index);
    if (listener.outgoing_only && (listener.serves_clients || !listener.serves_servers) &&
        !report.is_faulty_below(path + ".serves"))
        report.error(path + ".serves", "is for servers alone where outgoing_only = true",
                     R"(write serves = ["servers"], or leave it out)");
    if (listener.outgoing_only && listener.proxy_protocol)
        report.error(path + ".proxy_protocol", "means nothing where outgoing_only = true",
                     "leave it out");
}

void check_contact_host(const Config& config, std::size_t index, Report& report) {
    const Listener& listener = config.listeners[index];
    const std::string path = listener_path(index);
    if (config.contact_host != ContactHost::fqdn || listener.advertised ||
        report.is_faulty(path + ".advertised"))
        return;
    report.error(path + ".advertised",
                 "is missing although contact_host is \"fqdn\": there is no name that a Contact "
                 "could carry",
                 R"(write advertised = "sip.example.com", or contact_host = "ip")");
}

} // namespace

void validate_listeners(const Config& config, Report& report) {
    if (std::ranges::all_of(config.listeners, &Listener::outgoing_only) &&
        !report.is_faulty_below("listen"))
        report.error(
            "listen", "there is no listener",
            report.remedy("listen",
                          R"(add [[listen]] with transport = "udp" and bind = "0.0.0.0:5060")",
                          "see what was in the way of each place"));
    if (config.listeners.size() >= no_listener)
        report.error("listen", "there are too many listeners",
                     "leave at most " + std::to_string(no_listener - 1));
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        check_duplicates(config, i, report);
        check_certificate(config, i, report);
        check_contact_host(config, i, report);
        check_proxy_protocol(config, i, report);
        check_outgoing_only(config, i, report);
    }
}

} // namespace roundabout::config
