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
#include <memory>
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
    [[nodiscard]] std::optional<transport::BindFault> listen() { return flows_->listen(); }

    void start();

    // From any thread while it runs.
    /// Takes the store's answers.
    void deliver(std::vector<store::Outcome> outcomes);
    /// No new connections or requests; what is under way goes on.
    void begin_drain();
    /// True once no request waits for its final response.
    [[nodiscard]] bool drained() const noexcept { return unanswered_.load() == 0; }
    /// Ends everything; the thread ends when the last coroutine is gone.
    void stop();
    void join_thread();

    [[nodiscard]] const proxy::Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] const transport::Counters& transport_counters() const {
        return flows_->counters();
    }
    [[nodiscard]] const transport::WorkerFlows& flows() const { return *flows_; }

  private:
    void take_arrivals();
    void refresh_snapshot();
    void run_loop();
    void arm_timer();

    SharedState& shared_;
    std::uint16_t number_;
    boost::asio::io_context io_{1};
    boost::asio::steady_timer timer_{io_};
    transport::Inbox inbox_;
    std::vector<transport::Arrival> batch_;
    proxy::Counters counters_;
    std::unique_ptr<transport::WorkerFlows> flows_;
    std::unique_ptr<transport::Resolver> resolver_;
    std::optional<routing::Tokens> tokens_;
    transaction::Loop loop_;
    std::unique_ptr<transaction::TransactionLayer> layer_;
    std::unique_ptr<transaction::Scope> contexts_;
    std::unique_ptr<proxy::Services> services_;
    std::unique_ptr<proxy::Worker> worker_;
    TimePoint armed_ = never;
    std::atomic<std::size_t> unanswered_{0};
    bool stopped_ = false;
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
    std::thread thread_;
};

} // namespace roundabout::app
