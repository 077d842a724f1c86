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

transport::CertificateFiles files(const config::Certificate& certificate) {
    return {certificate.chain_file, certificate.key_file};
}

} // namespace

boost::system::result<std::vector<transport::ListenerSettings>, std::string>
listener_settings(const config::Config& config, std::vector<std::string>& warnings) {
    std::vector<transport::ListenerSettings> all;
    for (const config::Listener& listener : config.listeners) {
        transport::ListenerSettings& settings = all.emplace_back();
        settings.transport = listener.transport;
        settings.bind = listener.bind;
        settings.serves_servers = listener.serves_servers;
        settings.path = listener.path;
        settings.origins = listener.origins;
        const auto& certificate =
            listener.certificate ? listener.certificate : config.tls.certificate;
        if (!is_secure(listener.transport) || !certificate)
            continue;
        transport::TlsServerSettings tls;
        tls.certificate = files(*certificate);
        tls.ask_certificate = listener.serves_servers && !listener.serves_clients;
        tls.ca_file = config.tls.ca_file;
        auto context = transport::TlsContext::server(tls);
        if (!context)
            return context.error().text;
        add_warnings(*context, warnings);
        settings.tls = *context;
    }
    return all;
}

boost::system::result<std::vector<transport::TlsContext>, std::string>
client_contexts(const config::Config& config, std::vector<std::string>& warnings) {
    std::vector<transport::TlsContext> contexts;
    const auto add = [&](const std::string& ca_file,
                         const std::optional<config::Certificate>& certificate) -> std::string {
        transport::TlsClientSettings settings;
        settings.ca_file = ca_file.empty() ? config.tls.ca_file : ca_file;
        const auto& shown = certificate ? certificate : config.tls.client_certificate;
        if (shown)
            settings.certificate = files(*shown);
        auto context = transport::TlsContext::client(settings);
        if (!context)
            return context.error().text;
        add_warnings(*context, warnings);
        contexts.push_back(*context);
        return {};
    };
    if (const std::string problem = add({}, std::nullopt); !problem.empty())
        return problem;
    for (const config::TrustedServer& server : config.servers) {
        if (const std::string problem = add(server.ca_file, server.client_certificate);
            !problem.empty())
            return problem;
    }
    return contexts;
}

} // namespace roundabout::app
