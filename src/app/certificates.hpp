#pragma once

#include "admin/statistics.hpp"
#include "config/config.hpp"
#include "transport/flow_settings.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::app {

/// The certificate files in use, looked at again and again: those that were replaced (by a rename,
/// a write or another target of a symbolic link) are read anew. Main thread.
class Certificates {
  public:
    /// Whatever is looked at from now on: what `config` names. Call before the files are read, so
    /// that no change is missed.
    void watch(const config::Config& config);

    /// Reads what has changed since, and then been left alone from one call to the next, into
    /// `settings`. What can't be used is said once, and the old one stays: a key and its
    /// certificate are seldom replaced at one instant. True if something was read.
    [[nodiscard]] bool renew(const config::Config& config, transport::FlowSettings& settings);

    /// Logs how long each listener's certificate is valid.
    static void log_expiries(const config::Config& config, const transport::FlowSettings& settings);
    /// Once a day: those that have less than two weeks.
    void remind(const config::Config& config, const transport::FlowSettings& settings);

  private:
    using Clock = std::chrono::steady_clock;
    struct Place {
        bool of_listener = false; ///< else of client_tls
        std::size_t index = 0;
        std::vector<std::string> files;
        std::string taken; ///< state of the files when they were read last, with what success ever
        std::string seen;  ///< at the last look
    };
    bool read(const Place& place, const config::Config& config, transport::FlowSettings& settings);

    std::vector<Place> places_;
    std::optional<Clock::time_point> reminded_;
};

/// "certificate_days_left/tls/192.0.2.1:5061" for each listener that has certificates, of the one
/// that expires first; 0 once it has.
[[nodiscard]] admin::Statistics days_left(const config::Config& config,
                                          const transport::FlowSettings& settings);

} // namespace roundabout::app
