#include "app/daemon.hpp"

#include "admin/control_socket.hpp"
#include "app/shared_state.hpp"
#include "app/tls_setup.hpp"
#include "app/worker_thread.hpp"
#include "proxy/snapshot.hpp"
#include "store/key_file.hpp"
#include "store/sqlite_binding_store.hpp"
#include "transport/bind_check.hpp"
#include "transport/local_addresses.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
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

/// The process from start to end, on the main thread. Members are destroyed from the last to the
/// first: workers before the store that they use.
class Daemon {
  public:
    explicit Daemon(config::ConfigPtr config)
        : config_(std::move(config)) {}

    /// Nothing, or why it can't run.
    [[nodiscard]] std::optional<std::string> start();
    void run_until_signal();

  private:
    [[nodiscard]] std::optional<std::string> open_store();
    [[nodiscard]] std::optional<std::string> derive_secrets();
    [[nodiscard]] std::optional<std::string> load_bindings();
    [[nodiscard]] std::optional<std::string> prepare_transport();
    [[nodiscard]] std::optional<std::string> make_workers();
    [[nodiscard]] std::optional<std::string> open_control();
    void sweep();
    void begin_stop();
    void await_drain(TimePoint deadline);
    void end();

    config::ConfigPtr config_;
    asio::io_context io_{1};
    asio::signal_set signals_{io_};
    asio::steady_timer sweep_timer_{io_};
    asio::steady_timer drain_timer_{io_};
    SharedState shared_;
    std::unique_ptr<registration::BindingTable> bindings_;
    std::unique_ptr<store::SqliteBindingStore> store_;
    std::vector<std::unique_ptr<WorkerThread>> workers_; ///< by number; filled once
    std::unique_ptr<admin::ControlSocket> control_;      ///< if one is configured
};

std::optional<std::string> Daemon::start() {
    shared_.config = config_;
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    shared_.workers = static_cast<std::uint16_t>(config_->workers != 0 ? config_->workers : cores);
    shared_.machine = transport::local_addresses();
    for (const auto& step :
         {&Daemon::open_store, &Daemon::derive_secrets, &Daemon::load_bindings,
          &Daemon::prepare_transport, &Daemon::make_workers, &Daemon::open_control}) {
        if (auto problem = (this->*step)())
            return problem;
    }
    for (const auto& worker : workers_)
        worker->start();
    sweep();
    return std::nullopt;
}

std::optional<std::string> Daemon::open_store() {
    std::vector<store::Outlet> outlets;
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
    auto opened = store::SqliteBindingStore::open(std::move(options), std::move(outlets));
    if (!opened)
        return opened.error().sentence;
    store_ = std::move(*opened);
    shared_.store = store_.get();
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
    if (::getrandom(&shared_.table_secret, sizeof shared_.table_secret, 0) !=
            static_cast<ssize_t>(sizeof shared_.table_secret) ||
        ::getrandom(&shared_.boot, sizeof shared_.boot, 0) !=
            static_cast<ssize_t>(sizeof shared_.boot))
        return std::string(sentence(Error::random_unavailable));
    return std::nullopt;
}

std::optional<std::string> Daemon::load_bindings() {
    bindings_ = std::make_unique<registration::BindingTable>(shared_.table_secret);
    shared_.bindings = bindings_.get();
    std::vector<std::string> names;
    for (const config::Listener& listener : config_->listeners)
        names.push_back(proxy::listener_name(listener));
    const auto restore = [&](std::vector<registration::Binding> page) {
        for (registration::Binding& binding : page) {
            const auto found = std::ranges::find(names, binding.listener);
            binding.flow.listener = found == names.end()
                                        ? no_listener
                                        : static_cast<ListenerIndex>(found - names.begin());
            bindings_->restore(std::move(binding));
        }
    };
    const auto loaded = store_->load(wall_now(), 1000, restore);
    if (!loaded)
        return loaded.error().sentence;
    spdlog::info("{} bindings from {}, {} expired, {} damaged rows passed over", loaded->loaded,
                 config_->store.path, loaded->expired, loaded->damaged);
    return std::nullopt;
}

std::optional<std::string> Daemon::prepare_transport() {
    std::vector<std::string> warnings;
    auto listeners = listener_settings(*config_, warnings);
    if (!listeners)
        return listeners.error();
    auto contexts = client_contexts(*config_, warnings);
    if (!contexts)
        return contexts.error();
    for (const std::string& warning : warnings)
        spdlog::warn("{}", warning);
    if (const auto fault = transport::check_binds(*listeners))
        return fault->to_string();
    shared_.flow_settings.listeners = std::move(*listeners);
    shared_.flow_settings.client_contexts = std::move(*contexts);
    shared_.flow_settings.boot = shared_.boot;
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
        if (const auto fault = worker->listen())
            return fault->to_string();
    }
    return std::nullopt;
}

std::optional<std::string> Daemon::open_control() {
    if (config_->control.socket.empty())
        return std::nullopt;
    admin::Subject subject{bindings_.get(), store_.get(), {}};
    subject.statistics.bindings = bindings_.get();
    subject.statistics.store = store_.get();
    for (const auto& worker : workers_) {
        subject.statistics.proxy.push_back(&worker->counters());
        subject.statistics.transport.push_back(&worker->transport_counters());
    }
    const std::size_t outlet = workers_.size(); // the one after the workers' own
    control_ = std::make_unique<admin::ControlSocket>(io_, std::move(subject), outlet);
    return control_->listen(config_->control.socket, config_->control.group);
}

/// Expired bindings leave memory and file in small batches (design: Registrations).
void Daemon::sweep() {
    registration::ChangeSet ended = bindings_->expire(wall_now(), bindings_->size() / 30 + 64);
    if (!ended.empty())
        store_->commit(std::move(ended), {});
    sweep_timer_.expires_after(std::chrono::seconds(1));
    sweep_timer_.async_wait([this](boost::system::error_code error) {
        if (!error)
            sweep();
    });
}

void Daemon::run_until_signal() {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.async_wait([this](boost::system::error_code error, int /*signal*/) {
        if (!error)
            begin_stop();
    });
    std::cerr << "roundabout ready" << std::endl;
    io_.run();
}

void Daemon::begin_stop() {
    spdlog::info("stopping: no new requests; waiting up to {} s for those under way",
                 config_->drain.count());
    sweep_timer_.cancel();
    if (control_)
        control_->stop();
    for (const auto& worker : workers_)
        worker->begin_drain();
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    await_drain(TimePoint(std::chrono::duration_cast<Duration>(now + config_->drain)));
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
    store_->stop(); // answers whoever still waits, so that their 2xx leave
    for (const auto& worker : workers_)
        worker->stop();
    for (const auto& worker : workers_)
        worker->join_thread();
    spdlog::info("stopped");
}

} // namespace

int run_daemon(config::ConfigPtr config) {
    Daemon daemon(std::move(config));
    if (const auto problem = daemon.start()) {
        std::cerr << "roundabout: " << *problem << '\n';
        return 1;
    }
    daemon.run_until_signal();
    return 0;
}

} // namespace roundabout::app
