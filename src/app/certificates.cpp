#include "app/certificates.hpp"

#include "app/tls_setup.hpp"
#include "proxy/snapshot.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <sys/stat.h>

namespace roundabout::app {
namespace {

constexpr std::int64_t short_of_days = 14;
constexpr auto reminder_interval = std::chrono::hours(24);

/// Differs when a file was replaced or written; says nothing of what is in it.
std::string state_of(const std::vector<std::string>& files) {
    std::string state;
    for (const std::string& file : files) {
        struct stat there{};
        if (file.empty() || ::stat(file.c_str(), &there) != 0) {
            state += "-;";
            continue;
        }
        for (const std::int64_t part :
             {static_cast<std::int64_t>(there.st_dev), static_cast<std::int64_t>(there.st_ino),
              static_cast<std::int64_t>(there.st_size),
              static_cast<std::int64_t>(there.st_mtim.tv_sec),
              static_cast<std::int64_t>(there.st_mtim.tv_nsec)})
            state += std::to_string(part) + ",";
        state += ";";
    }
    return state;
}

std::optional<std::int64_t> days_of(const transport::ListenerSettings& listener) {
    if (listener.closed || !listener.tls || !listener.tls->expires())
        return std::nullopt;
    const auto left = *listener.tls->expires() - std::chrono::system_clock::now();
    return std::chrono::floor<std::chrono::days>(left).count();
}

void log_expiry(const config::Listener& listener, std::int64_t days) {
    const std::string name = proxy::listener_name(listener);
    if (days < 0)
        spdlog::error("the certificate of {} has expired", name);
    else if (days < short_of_days)
        spdlog::warn("the certificate of {} expires in {} days", name, days);
    else
        spdlog::info("the certificate of {} expires in {} days", name, days);
}

} // namespace

void Certificates::watch(const config::Config& config) {
    places_.clear();
    const auto add = [this](bool of_listener, std::size_t index, std::vector<std::string> files) {
        std::string state = state_of(files);
        places_.push_back({of_listener, index, std::move(files), state, state});
    };
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        if (shows_certificate(config.listeners[i]))
            add(true, i, files_of(config, config.listeners[i]));
    }
    for (std::size_t i = 0; i < config.client_tls.size(); ++i) {
        if (config.client_tls[i].used)
            add(false, i, files_of(config.client_tls[i]));
    }
}

bool Certificates::renew(const config::Config& config, transport::FlowSettings& settings) {
    bool any = false;
    for (Place& place : places_) {
        std::string state = state_of(place.files);
        if (state != place.taken && state == place.seen) {
            place.taken = state;
            any = read(place, config, settings) || any;
        }
        place.seen = std::move(state);
    }
    return any;
}

bool Certificates::read(const Place& place, const config::Config& config,
                        transport::FlowSettings& settings) {
    const std::string whose = place.of_listener
                                  ? proxy::listener_name(config.listeners[place.index])
                              : config.client_tls[place.index].server.empty()
                                  ? "outgoing connections"
                                  : "connections to " + config.client_tls[place.index].server;
    const auto context = place.of_listener ? listener_context(config, config.listeners[place.index])
                                           : client_context(config.client_tls[place.index]);
    if (!context) {
        spdlog::warn("the certificate files of {} were changed and can't be used, so the old ones "
                     "stay in force: {}",
                     whose, context.error());
        return false;
    }
    for (const std::string& warning : context->warnings())
        spdlog::warn("{}", warning);
    spdlog::info("the certificate files of {} were changed and are in force", whose);
    if (!place.of_listener) {
        settings.client_contexts[place.index] = *context;
        return true;
    }
    settings.listeners[place.index].tls = *context;
    if (const auto days = days_of(settings.listeners[place.index]))
        log_expiry(config.listeners[place.index], *days);
    return true;
}

void Certificates::log_expiries(const config::Config& config,
                                const transport::FlowSettings& settings) {
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        if (const auto days = days_of(settings.listeners[i]))
            log_expiry(config.listeners[i], *days);
    }
}

void Certificates::remind(const config::Config& config, const transport::FlowSettings& settings) {
    const Clock::time_point now = Clock::now();
    if (reminded_ && now < *reminded_ + reminder_interval)
        return;
    const bool first = !reminded_;
    reminded_ = now;
    if (first)
        return log_expiries(config, settings);
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        const auto days = days_of(settings.listeners[i]);
        if (days && *days < short_of_days)
            log_expiry(config.listeners[i], *days);
    }
}

admin::Statistics days_left(const config::Config& config, const transport::FlowSettings& settings) {
    admin::Statistics all;
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        const auto days = days_of(settings.listeners[i]);
        if (!days)
            continue;
        std::string listener = proxy::listener_name(config.listeners[i]);
        std::ranges::replace(listener, ' ', '/');
        all.emplace_back("certificate_days_left/" + listener,
                         static_cast<std::uint64_t>(std::max<std::int64_t>(*days, 0)));
    }
    return all;
}

} // namespace roundabout::app
