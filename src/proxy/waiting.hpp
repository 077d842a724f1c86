#pragma once

#include "proxy/parked.hpp"
#include "proxy/reach.hpp"
#include "proxy/services.hpp"
#include "proxy/snapshot.hpp"
#include "routing/decision.hpp"
#include "transaction/events.hpp"
#include "transaction/loop/async.hpp"
#include "transaction/loop/mailbox.hpp"
#include "transaction/tickets.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace roundabout::proxy {

/// How long a request other than INVITE waits at most. Its sender hears nothing meanwhile, and
/// sends it again every T2 = 4 s (RFC 3261 §17.1.2.2).
inline constexpr std::chrono::milliseconds silent_wait{4000};

/// How long a request of that method waits for its client's new flow, by the configuration.
[[nodiscard]] std::chrono::milliseconds patience(sip::Method method, const config::Config& config);

/// The answer where a client's flow is gone: 480, or 430 (Flow Failed) for one that has other flows
/// by its own doing (RFC 5626 §5.3.1), so that the registrar tries those.
[[nodiscard]] std::uint16_t status_of_gone(const routing::Target& target) noexcept;

/// A request that waits for its client to come back instead of being refused (design:
/// Registrations). Empty once it waits no longer.
class Waiting {
  public:
    Waiting() noexcept = default;

    /// Empty if there is nothing to wait for: no binding leads to the target, or 16 requests wait
    /// for it. Nor does a request outside of dialogs wait if another device of the AOR can be
    /// reached: a ghost must not hold up a fork (R10). `lost`: a connection by which the request
    /// went in vain, if any.
    [[nodiscard]] static Waiting begin(const routing::Target& target, bool in_dialog, FlowId lost,
                                       Services& services,
                                       transaction::Mailbox<transaction::Event>& inbox);

    /// LookAgain comes by this when there may be news.
    [[nodiscard]] transport::Ticket ticket() const noexcept { return ticket_.number(); }

    /// The way, once there is one; the error flow_closed if the binding is gone; nothing while it
    /// is to be waited for. If the device has replaced its binding, `target` becomes the new one.
    [[nodiscard]] std::optional<Result<Way>> look(routing::Target& target, Services& services,
                                                  const Snapshot& snapshot);

    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(place_); }

  private:
    void follow(routing::Target& target, Services& services);

    transaction::OpenTicket ticket_;
    Parked::Place place_;
    FlowId lost_;
    bool in_dialog_ = false;
};

/// Waits at most `bound`. Error: flow_closed.
[[nodiscard]] transaction::Async<Result<Way>>
wait_for_client(transaction::Loop& loop, Services& services, SnapshotPtr snapshot,
                routing::Target& target, bool in_dialog, std::chrono::milliseconds bound);

} // namespace roundabout::proxy
