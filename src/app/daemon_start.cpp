#include "app/daemon_process.hpp"
#include "app/flow_limits.hpp"
#include "app/http_pages.hpp"
#include "app/load_bindings.hpp"
#include "app/tls_setup.hpp"
#include "app/worker_calls.hpp"
#include "store/key_file.hpp"
#include "transport/bind_check.hpp"
#include "transport/local_addresses.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <sys/random.h>

namespace roundabout::app {

namespace asio = boost::asio;

std::optional<std::string> Daemon::start() {
    shared_.config = config_;
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    shared_.workers = static_cast<std::uint16_t>(config_->workers != 0 ? config_->workers : cores);
    shared_.recent = std::make_unique<proxy::RecentRequests>(shared_.workers);
    shared_.machine = transport::local_addresses();
    reload_ = std::make_unique<Reload>(io_, shared_, workers_, source_);
    using Step = std::optional<std::string> (Daemon::*)();
    using Steps = std::vector<Step>;
    const Steps steps =
        take_over_
            ? Steps{&Daemon::make_table,  &Daemon::prepare_transport, &Daemon::become_owner,
                    &Daemon::open_store,  &Daemon::derive_secrets,    &Daemon::make_workers,
                    &Daemon::run_workers, &Daemon::finish_take_over}
            : Steps{&Daemon::make_table,        &Daemon::open_store,   &Daemon::derive_secrets,
                    &Daemon::prepare_transport, &Daemon::make_workers, &Daemon::open_control,
                    &Daemon::open_metrics,      &Daemon::run_workers};
    for (const Step step : steps) {
        if (auto problem = (this->*step)())
            return problem;
    }
    return std::nullopt;
}

/// What can be checked is checked: from here to run_workers() nobody serves.
std::optional<std::string> Daemon::become_owner() {
    if (!take_over_)
        return std::nullopt;
    auto problem = take_over_->become_owner();
    if (!problem)
        shared_.before = take_over_->predecessor();
    return problem;
}

/// Control socket and metrics are free only when the other process has left them. We serve by now:
/// without them, rather than not at all.
std::optional<std::string> Daemon::finish_take_over() {
    take_over_->await_left();
    take_over_.reset();
    for (const auto& problem : {open_control(), open_metrics()}) {
        if (problem)
            spdlog::error("{}", *problem);
    }
    spdlog::info("serving in the place of another process, which ends what it began");
    return std::nullopt;
}

std::optional<std::string> Daemon::run_workers() {
    if (take_over_) {
        if (auto problem = take_over_->serve())
            return problem;
    }
    for (const auto& worker : workers_)
        worker->start();
    loader_ = std::thread([this] {
        load_bindings(*config_, *store_, *bindings_,
                      WallTime(std::chrono::seconds(shared_.expiry_time)));
    });
    keep_sockets();
    reload_->when_listeners_change([this] { keep_sockets(); });
    hand_over_ = std::make_unique<HandOver>(
        io_,
        HandOver::Process{shared_, workers_, *store_, [this] { return obstacle_to_hand_over(); },
                          [this] { be_replaced(); }, [this] { end(); }});
    tick();
    return std::nullopt;
}

std::optional<std::string> Daemon::open_store() {
    std::vector<store::Outlet> outlets;
    outlets.reserve(std::size_t{shared_.workers} + 1);
    for (std::uint16_t i = 0; i < shared_.workers; ++i)
        outlets.emplace_back([this, i](std::vector<store::Outcome> outcomes) {
            workers_[i]->deliver(std::move(outcomes));
        });
    outlets.emplace_back([this](std::vector<store::Outcome> outcomes) {
        asio::post(io_, [this, outcomes = std::move(outcomes)] {
            if (control_)
                control_->take(outcomes);
        });
    });
    store::SqliteOptions options;
    options.path = config_->store.path;
    options.durability = config_->store.durability == config::Durability::full
                             ? store::Durability::full
                             : store::Durability::normal;
    options.wait = config_->store.wait;
    options.memory = [this](std::optional<registration::BindingId> after, std::size_t limit) {
        return bindings_->page(after, limit);
    };
    auto lock = take_over_ ? take_over_->take_lock(options.path) : store::Lock::take(options.path);
    if (!lock)
        return lock.error().sentence;
    auto opened =
        store::SqliteBindingStore::open(std::move(options), std::move(outlets), std::move(*lock));
    if (!opened)
        return opened.error().sentence;
    store_ = std::move(*opened);
    shared_.store = store_.get();
    const store::Progress progress = store_->progress();
    bindings_->begin_restoring(progress.newest_version);
    expiry_clock_.emplace(read_clocks(), progress.written);
    shared_.expiry_time = expiry_clock_->read(read_clocks()).now.time_since_epoch().count();
    return std::nullopt;
}

std::optional<std::string> Daemon::derive_secrets() {
    const auto keys = store::load_or_create_keys(config_->store.path + ".key", store_->had_rows());
    if (!keys)
        return keys.error().sentence;
    std::vector<routing::Secret> secrets;
    for (const store::TokenKey& key : *keys)
        secrets.push_back({key.id, key.secret});
    const Result<routing::KeyRing> ring = routing::derive_keys(secrets);
    if (!ring)
        return ring.error().message();
    shared_.keys = *ring;
    return std::nullopt;
}

std::optional<std::string> Daemon::make_table() {
    if (::getrandom(&shared_.table_secret, sizeof shared_.table_secret, 0) !=
            static_cast<ssize_t>(sizeof shared_.table_secret) ||
        ::getrandom(&shared_.boot, sizeof shared_.boot, 0) !=
            static_cast<ssize_t>(sizeof shared_.boot))
        return std::string(sentence(Error::random_unavailable));
    bindings_ = std::make_unique<registration::BindingTable>(shared_.table_secret);
    shared_.bindings = bindings_.get();
    return std::nullopt;
}

std::optional<std::string> Daemon::prepare_transport() {
    std::vector<std::string> warnings;
    auto listeners = listener_settings(*config_, warnings);
    if (!listeners)
        return listeners.error();
    auto contexts = client_contexts(*config_, {}, warnings);
    if (!contexts)
        return contexts.error();
    for (const std::string& warning : warnings)
        spdlog::warn("{}", warning);
    if (const auto fault = transport::check_binds(*listeners, inherited_))
        return fault->to_string();
    shared_.flow_settings.listeners = std::move(*listeners);
    shared_.flow_settings.client_contexts = std::move(*contexts);
    shared_.flow_settings.boot = shared_.boot;
    shared_.flow_settings.trusted_proxies = config_->trusted_proxies;
    set_limits(config_->limits, shared_.flow_settings);
    shared_.rates =
        std::make_unique<proxy::SourceRates>(config_->limits.sources, shared_.table_secret);
    shared_.censuses = make_censuses(config_->limits);
    return std::nullopt;
}

std::optional<std::string> Daemon::make_workers() {
    for (std::uint16_t i = 0; i < shared_.workers; ++i) {
        workers_.push_back(std::make_unique<WorkerThread>(shared_, i));
        shared_.inboxes.push_back(&workers_.back()->inbox());
    }
    for (const auto& worker : workers_) {
        if (auto problem = worker->prepare())
            return problem;
    }
    for (const auto& worker : workers_) {
        worker->join(workers_);
        if (const auto fault = worker->listen(inherited_))
            return fault->to_string();
    }
    kept_.forget(inherited_.close_rest());
    return std::nullopt;
}

std::optional<std::string> Daemon::open_control() {
    if (config_->control.socket.empty())
        return std::nullopt;
    admin::Subject subject;
    subject.bindings = bindings_.get();
    subject.store = store_.get();
    subject.parked = &shared_.parked;
    subject.reload = [this] { return reload(); };
    subject.hand_over = [this] { return hand_over_->begin(); };
    subject.statistics = statistics_sources();
    subject.workers = worker_calls(workers_);
    subject.snapshot = [this] { return workers_.front()->snapshot(); };
    subject.tap = &shared_.tap;
    subject.process = {ROUNDABOUT_VERSION, source_.file, started_};
    subject.stopping = [this] { return stopping_; };
    const std::size_t outlet = workers_.size(); // the one after the workers' own
    control_ = std::make_unique<admin::ControlSocket>(io_, std::move(subject), outlet);
    return control_->listen(config_->control.socket, config_->control.group);
}

admin::StatisticsSources Daemon::statistics_sources() const {
    admin::StatisticsSources sources;
    sources.certificates = [this] { return reload_->days(); };
    sources.bindings = bindings_.get();
    sources.store = store_.get();
    sources.servers = &shared_.health;
    for (const auto& worker : workers_) {
        sources.proxy.push_back(&worker->counters());
        sources.transaction.push_back(&worker->transaction_counters());
        sources.transport.push_back(&worker->transport_counters());
    }
    return sources;
}

std::optional<std::string> Daemon::open_metrics() {
    if (!config_->metrics.enabled)
        return std::nullopt;
    http_ = std::make_unique<admin::HttpListener>(
        io_,
        make_pages(io_, shared_, workers_, statistics_sources(), [this] { return stopping_; }));
    return http_->listen(config_->metrics.bind);
}

} // namespace roundabout::app
