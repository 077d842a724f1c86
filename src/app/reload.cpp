#include "app/reload.hpp"

#include "app/default_listeners.hpp"
#include "app/flow_limits.hpp"
#include "app/log_setup.hpp"
#include "app/tls_setup.hpp"
#include "config/difference.hpp"
#include "config/load.hpp"
#include "config/succession.hpp"
#include "transport/bind_check.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace roundabout::app {
namespace {

constexpr auto closing_interval = std::chrono::milliseconds(20);

admin::Reloaded refused(std::vector<std::string> lines) {
    for (const std::string& line : lines)
        spdlog::error("reload: {}", line);
    spdlog::error("reload: the new configuration is not taken, nothing has changed");
    return {false, std::move(lines)};
}

bool is_added(const std::vector<transport::ListenerSettings>& running, std::size_t index,
              const transport::ListenerSettings& next) {
    return next.accepts() && (index >= running.size() || !running[index].accepts());
}

} // namespace

struct Reload::Next {
    config::Config config;
    transport::FlowSettings settings;
    Certificates certificates;
    std::vector<std::string> lines; ///< for whoever asked
};

Reload::Reload(boost::asio::io_context& io, SharedState& shared,
               const std::vector<std::unique_ptr<WorkerThread>>& workers, config::Source source)
    : shared_(shared)
    , workers_(workers)
    , source_(std::move(source))
    , closing_(io) {
    certificates_.watch(*shared_.config);
}

/// Nothing is in the way of what listens already.
std::string Reload::obstacle_at(Transport transport, const Endpoint& place) const {
    const bool ours =
        std::ranges::any_of(shared_.config->listeners, [&](const config::Listener& listener) {
            return !listener.closed && !listener.outgoing_only && listener.transport == transport &&
                   listener.bind == place;
        });
    return ours ? std::string() : app::obstacle_at(transport, place);
}

admin::Reloaded Reload::run() {
    config::Loaded loaded =
        config::load(source_, [this](Transport transport, const Endpoint& place) {
            return obstacle_at(transport, place);
        });
    if (loaded.config() == nullptr) {
        std::vector<std::string> problems;
        for (const config::Problem& problem : loaded.problems())
            problems.push_back(config::to_string(problem));
        return refused(std::move(problems));
    }
    auto succession = config::succeed(*loaded.config(), *shared_.config);
    if (!succession)
        return refused({"there have been too many listeners or servers since the start; restart"});
    Next next;
    next.config = std::move(succession->config);
    next.lines = config::difference(*shared_.config, next.config);
    for (const std::string& key : succession->after_restart)
        next.lines.push_back("! " + key +
                             " was changed and needs a restart; until then the old "
                             "value is in force");
    for (const config::Problem& warning : loaded.warnings)
        next.lines.push_back("warning: " + config::to_string(warning));
    if (auto problem = prepare(next))
        return refused({std::move(*problem)});
    if (auto problem = open_added(next))
        return refused({std::move(*problem)});
    for (const std::string& line : next.lines)
        spdlog::info("reload: {}", line);
    admin::Reloaded answer{true, next.lines};
    adopt(std::move(next));
    spdlog::info("reload: the configuration of {} is in force",
                 source_.file.empty() ? config::command_line : std::string_view(source_.file));
    return answer;
}

std::optional<std::string> Reload::prepare(Next& next) const {
    next.certificates = certificates_;
    next.certificates.watch(next.config);
    next.settings = shared_.flow_settings;
    std::vector<std::string> warnings;
    auto listeners = listener_settings(next.config, warnings);
    if (!listeners)
        return listeners.error();
    auto contexts = client_contexts(next.config, shared_.flow_settings.client_contexts, warnings);
    if (!contexts)
        return contexts.error();
    for (const std::string& warning : warnings)
        next.lines.push_back("warning: " + warning);
    next.settings.client_contexts = std::move(*contexts);
    next.settings.trusted_proxies = next.config.trusted_proxies;
    set_limits(next.config.limits, next.settings);
    const auto& running = shared_.flow_settings.listeners;
    for (std::size_t i = 0; i < listeners->size(); ++i) {
        transport::ListenerSettings& listener = (*listeners)[i];
        if (!is_added(running, i, listener)) {
            if (i < running.size())
                listener.bind = running[i].bind; // with the port that was found for it
            continue;
        }
        std::vector<transport::ListenerSettings> alone{listener};
        if (const auto fault = transport::check_binds(alone))
            return fault->to_string();
        listener.bind = alone.front().bind;
    }
    next.settings.listeners = std::move(*listeners);
    return std::nullopt;
}

/// On all workers, or on none.
std::optional<std::string> Reload::open_added(Next& next) {
    std::optional<std::string> problem;
    for (const auto& worker : workers_) { // in this order: the kernel numbers their sockets by it
        if (const auto fault = worker->open_added(next.settings.listeners).get())
            problem = fault->to_string();
    }
    if (problem) {
        for (const auto& worker : workers_)
            worker->close_removed();
    }
    return problem;
}

void Reload::adopt(Next next) {
    change_log(next.config.log);
    const config::Limits& limits = next.config.limits;
    shared_.censuses.connections.set_limits(limits.connections, limits.connections_per_source);
    shared_.censuses.handshakes.set_limits(limits.handshakes, limits.handshakes_per_source);
    shared_.config = std::make_shared<const config::Config>(std::move(next.config));
    shared_.flow_settings = std::move(next.settings);
    certificates_ = std::move(next.certificates);
    tell_workers();
    listeners_changed_();
    close_removed(std::chrono::steady_clock::now() + shared_.config->drain);
}

void Reload::tell_workers() {
    const auto settings = std::make_shared<const transport::FlowSettings>(shared_.flow_settings);
    for (const auto& worker : workers_)
        worker->adopt(shared_.config, settings);
}

/// As soon as nothing that may have begun before still waits for its answer.
void Reload::close_removed(std::chrono::steady_clock::time_point deadline) {
    if (std::ranges::none_of(shared_.flow_settings.listeners, &transport::ListenerSettings::closed))
        return;
    closing_.expires_after(closing_interval);
    closing_.async_wait([this, deadline](boost::system::error_code error) {
        if (error)
            return;
        const bool drained =
            std::ranges::all_of(workers_, &WorkerThread::drained,
                                [](const auto& worker) -> const WorkerThread& { return *worker; });
        if (!drained && std::chrono::steady_clock::now() < deadline)
            return close_removed(deadline);
        for (const auto& worker : workers_)
            worker->close_removed();
    });
}

void Reload::look() {
    certificates_.remind(*shared_.config, shared_.flow_settings);
    if (certificates_.renew(*shared_.config, shared_.flow_settings))
        tell_workers();
}

admin::Statistics Reload::days() const { return days_left(*shared_.config, shared_.flow_settings); }

} // namespace roundabout::app
