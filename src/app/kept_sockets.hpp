#pragma once

#include "app/service_manager.hpp"
#include "app/worker_thread.hpp"
#include "transport/flow_settings.hpp"
#include "transport/inherited_sockets.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace roundabout::app {

/// What the service manager keeps of our sockets, so that the next start, or the one after a crash,
/// finds them with all that has arrived meanwhile. Main thread, which blocks until the workers have
/// answered.
class KeptSockets {
  public:
    /// All outlive this.
    KeptSockets(const ServiceManager& manager,
                const std::vector<std::unique_ptr<WorkerThread>>& workers)
        : manager_(manager)
        , workers_(workers) {}

    /// Once the workers run, and whenever listeners have changed: those that are open are kept,
    /// those that are not any more are forgotten.
    void update(const std::vector<transport::ListenerSettings>& listeners);
    /// Whether the service manager has all of them: the next start then misses nothing.
    [[nodiscard]] bool all() const noexcept { return all_; }
    /// Forgets what came from the service manager and no listener wants.
    void forget(const std::vector<transport::InheritedSockets::Unwanted>& unwanted);

  private:
    const ServiceManager& manager_;
    const std::vector<std::unique_ptr<WorkerThread>>& workers_;
    std::set<std::string> names_;
    bool all_ = false;
    bool first_ = true; ///< nothing was said of it yet
};

/// No worker reads or accepts any more, and what was read before is dealt with, whichever of them
/// it went to. Main thread, which waits for it; workers never wait for the main thread.
void stop_reading(const std::vector<std::unique_ptr<WorkerThread>>& workers);

/// What was in the workers' inboxes is dealt with, and what it put into those of others, and what
/// that sends is on its way. Main thread, as above.
void settle(const std::vector<std::unique_ptr<WorkerThread>>& workers);

} // namespace roundabout::app
