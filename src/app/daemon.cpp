#include "app/daemon.hpp"

#include "admin/control_socket.hpp"
#include "admin/http_listener.hpp"
#include "app/flow_limits.hpp"
#include "app/hand_over.hpp"
#include "app/http_pages.hpp"
#include "app/kept_sockets.hpp"
#include "app/load_bindings.hpp"
#include "app/reload.hpp"
#include "app/service_manager.hpp"
#include "app/shared_state.hpp"
#include "app/tls_setup.hpp"
#include "app/watchdog.hpp"
#include "app/worker_calls.hpp"
#include "app/worker_thread.hpp"
#include "registration/expiry_clock.hpp"
#include "store/key_file.hpp"
#include "store/sqlite_binding_store.hpp"
#include "store/write_health.hpp"
#include "transport/bind_check.hpp"
#include "transport/local_addresses.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <iostream>
#include <memory>
#include <sys/random.h>
#include <thread>

namespace roundabout::app {
namespace {

namespace asio = boost::asio;

WallTime wall_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

registration::ClockReading read_clocks() {
    timespec steady{};
    ::clock_gettime(CLOCK_BOOTTIME, &steady); // counts while the machine sleeps
    return {wall_now(), std::chrono::seconds(steady.tv_sec)};
}

/// How many expired bindings end a second, at most: a commit of so many delays no 2xx noticeably.
constexpr std::size_t most_expired_a_second = 2000;

/// The process from start to end, on the main thread. Members are destroyed from the last to the
/// first: workers before the store that they use.
class Daemon {
  public:
    Daemon(config::ConfigPtr config, config::Source source, transport::InheritedSockets inherited,
           std::optional<TakeOver> take_over)
        : config_(std::move(config))
        , source_(std::move(source))
        , inherited_(std::move(inherited))
        , take_over_(std::move(take_over)) {}

    /// Nothing, or why it can't run.
    [[nodiscard]] std::optional<std::string> start();
    void run_until_signal();

  private:
    [[nodiscard]] std::optional<std::string> become_owner();
    [[nodiscard]] std::optional<std::string> open_store();
    [[nodiscard]] std::optional<std::string> derive_secrets();
    [[nodiscard]] std::optional<std::string> make_table();
    [[nodiscard]] std::optional<std::string> prepare_transport();
    [[nodiscard]] std::optional<std::string> make_workers();
    [[nodiscard]] std::optional<std::string> open_control();
    [[nodiscard]] std::optional<std::string> open_metrics();
    [[nodiscard]] admin::StatisticsSources statistics_sources() const;
    [[nodiscard]] std::optional<std::string> run_workers();
    [[nodiscard]] std::optional<std::string> finish_take_over();
    [[nodiscard]] std::string obstacle_to_hand_over() const;
    void be_replaced();
    void keep_sockets();
    void say_ready();
    [[nodiscard]] admin::Reloaded reload();
    void tick();
    void sweep();
    void await_stop();
    void await_hangup();
    void leave_office();
    void begin_stop();
    void leave_to_service_manager();
    void await_drain(TimePoint deadline);
    void end();

    config::ConfigPtr config_; ///< the one of the start
    config::Source source_;
    transport::InheritedSockets inherited_; ///< until the listeners have theirs
    std::optional<TakeOver> take_over_;     ///< until it is done
    asio::io_context io_{1};
    asio::signal_set signals_{io_};
    asio::signal_set hangups_{io_};
    asio::steady_timer tick_timer_{io_};
    asio::steady_timer drain_timer_{io_};
    SharedState shared_;
    std::unique_ptr<registration::BindingTable> bindings_;
    std::unique_ptr<store::SqliteBindingStore> store_;
    std::vector<std::unique_ptr<WorkerThread>> workers_; ///< by number; filled once
    ServiceManager manager_;
    KeptSockets kept_{manager_, workers_};
    Watchdog watchdog_{io_, manager_, workers_};
    std::unique_ptr<Reload> reload_;
    std::unique_ptr<admin::ControlSocket> control_; ///< if one is configured
    std::unique_ptr<admin::HttpListener> http_;     ///< if it is wanted
    std::unique_ptr<HandOver> hand_over_;
    bool stopping_ = false;
    const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::optional<registration::ExpiryClock> expiry_clock_;
    store::HealthLog health_log_;
    std::thread loader_; ///< reads the bindings while the workers serve
};

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

std::string Daemon::obstacle_to_hand_over() const {
    if (stopping_)
        return "it is stopping";
    if (manager_.is_there())
        return "it runs under a service manager, which would miss it; have that restart it, which "
               "loses nothing either";
    if (!bindings_->complete())
        return "it is still reading its bindings from the file";
    return {};
}

/// Another process serves in our place.
void Daemon::be_replaced() {
    spdlog::info("another process serves in our place; waiting up to {} s for what is under way",
                 shared_.config->drain.count());
    leave_office();
    if (http_)
        http_->stop();
    store_->stop();
}

void Daemon::keep_sockets() { kept_.update(shared_.flow_settings.listeners); }

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

/// Each second.
void Daemon::tick() {
    const registration::ExpiryClock::Time time = expiry_clock_->read(read_clocks());
    shared_.expiry_time = time.now.time_since_epoch().count();
    if (time.jump)
        spdlog::warn("the clock jumped by {} s; registrations that it overtook stay for up to {} s",
                     time.jump->count(), registration::ExpiryClock::hold.count());
    sweep();
    reload_->look();
    for (const store::HealthLog::Line& line :
         health_log_.look(store_->health(), std::chrono::steady_clock::now()))
        spdlog::log(line.bad ? spdlog::level::err : spdlog::level::info, "{}", line.text);
    tick_timer_.expires_after(std::chrono::seconds(1));
    tick_timer_.async_wait([this](boost::system::error_code error) {
        if (!error)
            tick();
    });
}

/// Expired bindings leave memory and file in small batches (design: Registrations).
void Daemon::sweep() {
    const WallTime now(std::chrono::seconds(shared_.expiry_time));
    registration::ChangeSet ended =
        bindings_->expire(now, bindings_->size() / 30 + 64, most_expired_a_second);
    shared_.parked.changed(ended);
    if (!ended.empty())
        store_->commit(std::move(ended), {});
}

void Daemon::run_until_signal() {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    await_stop();
    hangups_.add(SIGHUP);
    await_hangup();
    std::cerr << "roundabout ready\n"; // unbuffered
    say_ready();
    watchdog_.start();
    io_.run();
}

void Daemon::await_stop() {
    signals_.async_wait([this](boost::system::error_code error, int /*signal*/) {
        if (!error)
            begin_stop();
    });
}

void Daemon::await_hangup() {
    hangups_.async_wait([this](boost::system::error_code error, int /*signal*/) {
        if (error)
            return;
        static_cast<void>(reload()); // the log has what it says
        await_hangup();
    });
}

void Daemon::say_ready() {
    const auto& listeners = shared_.flow_settings.listeners;
    manager_.ready(
        "serving at " +
        std::to_string(std::ranges::count_if(listeners, &transport::ListenerSettings::accepts)) +
        " addresses by " + std::to_string(workers_.size()) + " workers");
}

admin::Reloaded Daemon::reload() {
    manager_.reloading();
    admin::Reloaded reloaded = reload_->run();
    if (reloaded.taken)
        say_ready();
    else
        manager_.ready("serving by the configuration of before: the new one was refused");
    return reloaded;
}

/// What is done for the whole process, and not for what is under way.
void Daemon::leave_office() {
    stopping_ = true;
    hangups_.cancel();
    reload_->stop();
    tick_timer_.cancel();
    if (control_)
        control_->stop();
}

void Daemon::begin_stop() {
    if (hand_over_->left())
        return end();
    hand_over_->stop();
    manager_.stopping();
    leave_office();
    if (kept_.all())
        return leave_to_service_manager();
    for (const auto& worker : workers_)
        worker->begin_drain();
    spdlog::info("stopping: no new requests; waiting up to {} s for those under way",
                 shared_.config->drain.count());
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    await_drain(TimePoint(std::chrono::duration_cast<Duration>(now + shared_.config->drain)));
}

/// The service manager has our sockets, and the next start is to find in their queues whatever
/// arrives from this instant on: so nothing is read that could not be dealt with any more. What is
/// under way ends by its branch (R46); to wait for it would be a gap for everybody else.
void Daemon::leave_to_service_manager() {
    spdlog::info("stopping: sockets and what arrives at them stay with the service manager");
    stop_reading(workers_);
    end();
}

void Daemon::await_drain(TimePoint deadline) {
    const auto now = TimePoint(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
    const bool drained =
        std::ranges::all_of(workers_, &WorkerThread::drained,
                            [](const auto& worker) -> const WorkerThread& { return *worker; });
    if (drained || now >= deadline)
        return end();
    drain_timer_.expires_after(std::chrono::milliseconds(20));
    drain_timer_.async_wait([this, deadline](boost::system::error_code error) {
        if (!error)
            await_drain(deadline);
    });
}

void Daemon::end() {
    hand_over_->stop();
    signals_.cancel();
    watchdog_.stop();
    if (http_)
        http_->stop();
    store_->stop(); // answers whoever still waits, so that their 2xx leave
    for (const auto& worker : workers_)
        worker->stop();
    for (const auto& worker : workers_)
        worker->join_thread();
    loader_.join();
    spdlog::info("stopped");
}

} // namespace

int run_daemon(config::ConfigPtr config, config::Source source,
               transport::InheritedSockets inherited, std::optional<TakeOver> take_over) {
    Daemon daemon(std::move(config), std::move(source), std::move(inherited), std::move(take_over));
    if (const auto problem = daemon.start()) {
        std::cerr << "roundabout: " << *problem << '\n';
        return 1;
    }
    daemon.run_until_signal();
    return 0;
}

} // namespace roundabout::app
