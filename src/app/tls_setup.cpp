#include "app/tls_setup.hpp"

#include <algorithm>
#include <optional>

namespace roundabout::app {
namespace {

void add_warnings(const transport::TlsContext& context, std::vector<std::string>& warnings) {
    for (const std::string& warning : context.warnings()) {
        if (std::ranges::find(warnings, warning) == warnings.end())
            warnings.push_back(warning);
    }
}

void add_files(const config::Certificate& certificate, std::vector<std::string>& files) {
    files.push_back(certificate.chain_file);
    files.push_back(certificate.key_file);
}

transport::CertificateFiles files(const config::Certificate& certificate) {
    return {certificate.chain_file, certificate.key_file};
}

/// The certificates of a listener, the default one first.
std::vector<config::Certificate> shown_by(const config::Config& config,
                                          const config::Listener& listener) {
    if (!listener.certificates.empty())
        return listener.certificates;
    const auto& certificate = listener.certificate ? listener.certificate : config.tls.certificate;
    return certificate ? std::vector{*certificate} : std::vector<config::Certificate>();
}

std::string authorities_of(const config::Config& config, const config::Listener& listener) {
    return listener.client_ca_file.empty() ? config.tls.ca_file : listener.client_ca_file;
}

transport::ListenerSettings plain_settings(const config::Listener& listener) {
    transport::ListenerSettings settings;
    settings.closed = listener.closed;
    settings.outgoing_only = listener.outgoing_only;
    settings.transport = listener.transport;
    settings.bind = listener.bind;
    settings.serves_servers = listener.serves_servers;
    settings.path = listener.path;
    settings.origins = listener.origins;
    settings.proxy_protocol = listener.proxy_protocol;
    return settings;
}

} // namespace

bool shows_certificate(const config::Listener& listener) {
    return is_secure(listener.transport) && !listener.closed && !listener.outgoing_only;
}

boost::system::result<transport::TlsContext, std::string>
listener_context(const config::Config& config, const config::Listener& listener) {
    const std::vector<config::Certificate> certificates = shown_by(config, listener);
    if (certificates.empty())
        return std::string("a listener has no certificate");
    transport::TlsServerSettings tls;
    tls.certificate = files(certificates.front());
    for (std::size_t i = 1; i < certificates.size(); ++i)
        tls.more.push_back(files(certificates[i]));
    tls.ask_certificate = listener.client_certificates != config::ClientCertificates::none;
    tls.require_certificate = listener.client_certificates == config::ClientCertificates::required;
    tls.ca_file = authorities_of(config, listener);
    auto context = transport::TlsContext::server(tls);
    if (!context)
        return context.error().text;
    return *context;
}

boost::system::result<transport::TlsContext, std::string>
client_context(const config::ClientTls& tls) {
    transport::TlsClientSettings settings;
    settings.ca_file = tls.ca_file;
    if (tls.certificate)
        settings.certificate = files(*tls.certificate);
    auto context = transport::TlsContext::client(settings);
    if (!context)
        return context.error().text;
    return *context;
}

std::vector<std::string> files_of(const config::Config& config, const config::Listener& listener) {
    std::vector<std::string> files;
    for (const config::Certificate& certificate : shown_by(config, listener))
        add_files(certificate, files);
    if (listener.client_certificates != config::ClientCertificates::none)
        files.push_back(authorities_of(config, listener));
    return files;
}

std::vector<std::string> files_of(const config::ClientTls& tls) {
    std::vector<std::string> files{tls.ca_file};
    if (tls.certificate)
        add_files(*tls.certificate, files);
    return files;
}

boost::system::result<std::vector<transport::ListenerSettings>, std::string>
listener_settings(const config::Config& config, std::vector<std::string>& warnings) {
    std::vector<transport::ListenerSettings> all;
    for (const config::Listener& listener : config.listeners) {
        all.push_back(plain_settings(listener));
        if (!shows_certificate(listener))
            continue;
        auto context = listener_context(config, listener);
        if (!context)
            return context.error();
        add_warnings(*context, warnings);
        all.back().tls = *context;
    }
    return all;
}

boost::system::result<std::vector<transport::TlsContext>, std::string>
client_contexts(const config::Config& config, const std::vector<transport::TlsContext>& running,
                std::vector<std::string>& warnings) {
    std::vector<transport::TlsContext> contexts;
    for (std::size_t i = 0; i < config.client_tls.size(); ++i) {
        if (!config.client_tls[i].used) {
            contexts.push_back(running.at(i));
            continue;
        }
        auto context = client_context(config.client_tls[i]);
        if (!context)
            return context.error();
        add_warnings(*context, warnings);
        contexts.push_back(*context);
    }
    return contexts;
}

} // namespace roundabout::app
