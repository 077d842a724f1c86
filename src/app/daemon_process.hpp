#pragma once

#include "admin/control_socket.hpp"
#include "admin/http_listener.hpp"
#include "app/hand_over.hpp"
#include "app/kept_sockets.hpp"
#include "app/reload.hpp"
#include "app/service_manager.hpp"
#include "app/shared_state.hpp"
#include "app/take_over.hpp"
#include "app/watchdog.hpp"
#include "app/worker_thread.hpp"
#include "registration/expiry_clock.hpp"
#include "store/sqlite_binding_store.hpp"
#include "store/write_health.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace roundabout::app {

/// The wall clock, and one that nobody sets and that counts while the machine sleeps.
[[nodiscard]] registration::ClockReading read_clocks();

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
    // The steps of starting (daemon_start.cpp).
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

    // Serving and ending (daemon.cpp).
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
    boost::asio::io_context io_{1};
    boost::asio::signal_set signals_{io_};
    boost::asio::signal_set hangups_{io_};
    boost::asio::steady_timer tick_timer_{io_};
    boost::asio::steady_timer drain_timer_{io_};
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

} // namespace roundabout::app
