#pragma once

#include "app/service_manager.hpp"
#include "app/worker_thread.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace roundabout::app {

/// Tells the service manager that we are alive for as long as this thread runs and every worker
/// answers: one that hangs has the service restarted. Main thread.
class Watchdog {
  public:
    /// All outlive this.
    Watchdog(boost::asio::io_context& io, const ServiceManager& manager,
             const std::vector<std::unique_ptr<WorkerThread>>& workers);

    /// Does nothing where no watchdog is wanted.
    void start();
    void stop();

  private:
    void ask();
    void look();

    const ServiceManager& manager_;
    const std::vector<std::unique_ptr<WorkerThread>>& workers_;
    boost::asio::steady_timer timer_;
    std::chrono::microseconds interval_{0};
    std::uint64_t question_ = 0;
    bool stopped_ = false;
};

} // namespace roundabout::app
