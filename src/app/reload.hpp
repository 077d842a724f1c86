#pragma once

#include "admin/control_session.hpp"
#include "app/certificates.hpp"
#include "app/shared_state.hpp"
#include "app/worker_thread.hpp"
#include "config/load.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::app {

/// Takes up a changed configuration file, and changed certificate files, while the workers serve.
/// Main thread, which blocks meanwhile; the workers do not.
class Reload {
  public:
    /// All outlive this. `workers` run.
    Reload(boost::asio::io_context& io, SharedState& shared,
           const std::vector<std::unique_ptr<WorkerThread>>& workers, config::Source source);

    /// Reads the file, lays the flags of the start over it and checks all of it: its certificates,
    /// and the addresses of new listeners. Then every worker goes by it from its next request on;
    /// or nothing has changed. Logs what the answer says.
    [[nodiscard]] admin::Reloaded run();

    /// Each second: certificates.
    void look();
    [[nodiscard]] admin::Statistics days() const;
    /// Calls whenever listeners may have come or gone.
    void when_listeners_change(std::function<void()> call) { listeners_changed_ = std::move(call); }
    /// No listener is closed after this: the workers end.
    void stop() { closing_.cancel(); }

  private:
    struct Next;
    [[nodiscard]] std::string obstacle_at(Transport transport, const Endpoint& place) const;
    [[nodiscard]] std::optional<std::string> prepare(Next& next) const;
    [[nodiscard]] std::optional<std::string> open_added(Next& next);
    void adopt(Next next);
    void tell_workers();
    void close_removed(std::chrono::steady_clock::time_point deadline);

    SharedState& shared_;
    const std::vector<std::unique_ptr<WorkerThread>>& workers_;
    config::Source source_;
    Certificates certificates_;
    boost::asio::steady_timer closing_;
    std::function<void()> listeners_changed_ = [] {};
};

} // namespace roundabout::app
