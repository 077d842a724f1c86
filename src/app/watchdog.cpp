#include "app/watchdog.hpp"

#include <algorithm>

namespace roundabout::app {

Watchdog::Watchdog(boost::asio::io_context& io, const ServiceManager& manager,
                   const std::vector<std::unique_ptr<WorkerThread>>& workers)
    : manager_(manager)
    , workers_(workers)
    , timer_(io) {}

void Watchdog::start() {
    const auto wanted = manager_.watchdog();
    if (!wanted)
        return;
    interval_ = *wanted / 4; // so that one late answer does no harm
    manager_.alive();
    ask();
}

void Watchdog::stop() {
    stopped_ = true; // its wait may be over already, and look() about to be called
    timer_.cancel();
}

void Watchdog::ask() {
    ++question_;
    for (const auto& worker : workers_)
        worker->ask(question_);
    timer_.expires_after(interval_);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error && !stopped_)
            look();
    });
}

void Watchdog::look() {
    const bool all = std::ranges::all_of(
        workers_, [this](const auto& worker) { return worker->answered() == question_; });
    if (all)
        manager_.alive();
    ask();
}

} // namespace roundabout::app
