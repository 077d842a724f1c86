#pragma once

#include "transport/inherited_sockets.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace roundabout::app {

/// The service manager, if one started us: what sd_notify(3), sd_listen_fds(3) and
/// sd_watchdog_enabled(3) say to it and hear from it. Without one every call does nothing. Main
/// thread.
class ServiceManager {
  public:
    /// Looks at the environment (NOTIFY_SOCKET, WATCHDOG_USEC).
    ServiceManager();

    /// Whether anybody listens.
    [[nodiscard]] bool is_there() const noexcept { return there_; }

    /// The sockets that came with LISTEN_FDS. Once. What is of no use is closed and told in
    /// `problems`, a sentence each.
    [[nodiscard]] transport::InheritedSockets
    take_sockets(std::vector<std::string>& problems) const;

    // The states of the service; `status` is for people.
    void ready(const std::string& status) const;
    void reloading() const; ///< ready() follows
    void stopping() const;

    /// How often alive() is wanted at least; nothing: never.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const noexcept {
        return watchdog_;
    }
    void alive() const;

    /// Has sockets kept beyond our end (FDSTORE): the next start gets them with LISTEN_FDS. One
    /// that is kept already is no second one. The caller's descriptors stay the caller's.
    void keep(const std::string& name, std::span<const int> descriptors) const;
    /// What is kept under that name is closed (FDSTOREREMOVE).
    void forget(const std::string& name) const;
    /// Whether all that it was to keep is kept: there is a limit to it, 0 where the service does
    /// not say otherwise (FileDescriptorStoreMax). Returns when all that was told before is done,
    /// or false after some seconds.
    [[nodiscard]] bool keeps() const;

  private:
    bool there_ = false;
    std::optional<std::chrono::microseconds> watchdog_;
};

/// What a listener's sockets are kept as: "udp_192.0.2.1-5060", "tcp_..." for all others. Of
/// characters that LISTEN_FDNAMES can hold.
[[nodiscard]] std::string socket_name(Transport transport, const Endpoint& bind);

} // namespace roundabout::app
