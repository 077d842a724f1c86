#pragma once

#include "app/shared_state.hpp"
#include "proxy/counters.hpp"
#include "proxy/services.hpp"
#include "proxy/worker.hpp"
#include "transaction/loop/loop.hpp"
#include "transaction/transaction_layer.hpp"
#include "transport/inbox.hpp"
#include "transport/resolver.hpp"
#include "transport/worker_flows.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace roundabout::app {

/// One worker: its io_context and thread, flows, transactions and proxy core, and the one timer
/// that drives the wheel. The only place where the coroutine loop meets Asio.
class WorkerThread {
  public:
    WorkerThread(SharedState& shared, std::uint16_t number);
    WorkerThread(const WorkerThread&) = delete;
    WorkerThread& operator=(const WorkerThread&) = delete;
    ~WorkerThread();

    // Before start(), on the main thread, in this order.
    [[nodiscard]] transport::Inbox& inbox() noexcept { return inbox_; }
    /// Makes what needs all inboxes. A sentence if something is wrong.
    [[nodiscard]] std::optional<std::string> prepare();
    void join(const std::vector<std::unique_ptr<WorkerThread>>& workers);
    [[nodiscard]] std::optional<transport::BindFault>
    listen(transport::InheritedSockets& inherited) {
        return flows_->listen(inherited);
    }

    void start();

    // From any thread while it runs.
    /// Takes the store's answers.
    void deliver(std::vector<store::Outcome> outcomes);
    /// Opens listeners that were added; the first that can't be. See WorkerFlows.
    [[nodiscard]] std::future<std::optional<transport::BindFault>>
    open_added(std::vector<transport::ListenerSettings> listeners);
    /// Goes by these from its next request on.
    void adopt(config::ConfigPtr config, std::shared_ptr<const transport::FlowSettings> settings);
    /// Ends what is still open of listeners that were removed.
    void close_removed();
    /// Its listening and UDP sockets.
    [[nodiscard]] std::future<std::vector<transport::ListeningSockets::Open>> sockets();
    /// Leaves what arrives by UDP, and whoever connects, to the kernel.
    [[nodiscard]] std::future<void> stop_reading();
    /// Deals with all that is in its inbox.
    [[nodiscard]] std::future<void> settle();
    /// answered() is that number soon, unless the worker hangs.
    void ask(std::uint64_t question);
    [[nodiscard]] std::uint64_t answered() const noexcept { return answered_.load(); }
    /// Registrations are another process's from now on: REGISTERs under way end unanswered. Gives
    /// the hashes, under `secret`, of the keys of its other server transactions.
    [[nodiscard]] std::future<std::vector<std::uint64_t>> hand_over(HashKey secret);
    /// They are its own again. Reads by its part of these sockets, which are those of before.
    [[nodiscard]] std::future<std::optional<transport::BindFault>>
    resume(transport::InheritedSockets& sockets);
    /// What still keeps it from ending, REGISTERs aside.
    struct UnderWay {
        std::size_t unanswered = 0; ///< requests that had no final response yet
        std::vector<FlowId> used;   ///< connections by which such a one came or went
        std::vector<FlowId> open;   ///< its own connections, used ones among them
    };
    [[nodiscard]] std::future<UnderWay> under_way();
    /// Ends these connections of its own.
    void close(std::vector<FlowId> connections);
    /// No new connections or requests; what is under way goes on.
    void begin_drain();
    /// True once no request waits for its final response.
    [[nodiscard]] bool drained() const noexcept { return unanswered_.load() == 0; }
    /// Runs it on the worker's thread, between two requests; never, once the worker has stopped.
    void run_soon(std::function<void(proxy::Services&, transport::WorkerFlows&)> what);
    /// Ends everything; the thread ends when the last coroutine is gone.
    void stop();
    void join_thread();

    [[nodiscard]] const proxy::Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] const transaction::Counters& transaction_counters() const {
        return layer_->counters;
    }
    [[nodiscard]] const transport::Counters& transport_counters() const {
        return flows_->counters();
    }
    [[nodiscard]] const transport::WorkerFlows& flows() const { return *flows_; }
    [[nodiscard]] const transport::MessageCounts& messages() const { return layer_->messages; }
    [[nodiscard]] const proxy::Measures& measures() const { return measures_; }
    /// What it decides by now. Any thread.
    [[nodiscard]] proxy::SnapshotPtr snapshot() const;
    /// How long the thread was busy with what it did at one go: arrivals, timers, outcomes.
    [[nodiscard]] const WorkingTimes& turns() const noexcept { return turns_; }

  private:
    class Turn;
    [[nodiscard]] std::future<void> run_there(std::function<void()> call);
    template <class T>
    [[nodiscard]] std::future<T> ask_there(std::function<T()> question);
    [[nodiscard]] UnderWay count_under_way() const;
    void run();
    void look_soon();
    void take_arrivals();
    void refresh_snapshot();
    void run_loop();
    void arm_timer();

    SharedState& shared_;
    config::ConfigPtr config_; ///< the one in force; shared_.config is the main thread's
    std::uint16_t number_;
    boost::asio::io_context io_{1};
    boost::asio::steady_timer timer_{io_};
    transport::Inbox inbox_;
    std::vector<transport::Arrival> batch_;
    proxy::Counters counters_;
    proxy::Measures measures_;
    WorkingTimes turns_;
    mutable std::mutex published_mutex_;
    proxy::SnapshotPtr published_; ///< the services' own, for other threads
    std::unique_ptr<transport::WorkerFlows> flows_;
    std::unique_ptr<transport::Resolver> resolver_;
    std::unique_ptr<routing::Tokens> tokens_;
    transaction::Loop loop_;
    std::unique_ptr<transaction::TransactionLayer> layer_;
    std::unique_ptr<transaction::Scope> contexts_;
    std::unique_ptr<proxy::Services> services_;
    std::unique_ptr<proxy::Worker> worker_;
    transaction::Scope lasting_{loop_}; ///< keepalives and probes: never rests, serves no request
    TimePoint armed_ = never;
    std::atomic<std::size_t> unanswered_{0};
    std::atomic<std::uint64_t> answered_{0};
    bool arrived_ = false; ///< what the thread just did put something into the inbox
    bool stopped_ = false;
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
    std::thread thread_;
};

} // namespace roundabout::app
