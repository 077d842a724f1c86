#pragma once

#include "proxy/limit_log.hpp"
#include "proxy/rate_limit.hpp"
#include "proxy/recent_requests.hpp"
#include "proxy/services.hpp"
#include "proxy/source_rates.hpp"
#include "routing/decision.hpp"
#include "routing/keys.hpp"
#include "routing/source.hpp"
#include "sip/parser.hpp"
#include "transport/inbox.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace roundabout::proxy {

/// The proxy core of one worker: takes what the transport room's inbox holds, one arrival after
/// another, and gives each to its transaction, to a new response context, or to nobody. Holds no
/// state of its own about requests; knows no socket and no clock.
class Worker {
  public:
    /// `inboxes`: those of all workers, for what belongs to a transaction of another one. `recent`
    /// and `rates`, what each source sends, are shared by all workers and outlive them.
    Worker(Services& services, std::vector<transport::Inbox*> inboxes, RecentRequests& recent,
           SourceRates& rates);

    /// Takes one arrival. Coroutines become ready; the caller runs the loop afterwards.
    void take(transport::Arrival&& arrival);

    /// The store's answers.
    void take(store::Outcome outcome);

    /// Nothing new is taken from now on; what is under way goes on.
    void drain() noexcept { draining_ = true; }

  private:
    void on(transport::Inbound&& inbound);
    void on(const transport::Refused& refused);
    void on(const transport::TurnedAway& away);
    void on(const transport::FlowClosed& closed);
    void tell_askers(const transport::FlowClosed& closed);
    void on(transport::Connected connected);
    void on(transport::SendFailed failed);
    void on(transport::Resolved resolved);
    void on(transport::LookAgain news);

    void count_received(const transport::Inbound& inbound);
    void take_response(transport::Inbound&& inbound);
    void take_request(transport::Inbound&& inbound, const routing::Source& source);
    [[nodiscard]] bool hand_on(transport::Inbound& inbound);
    bool give_to(std::uint16_t worker, transport::Inbound&& inbound);
    void take_new(transport::Inbound&& inbound, const routing::Source& source);
    void take_known(transport::Inbound inbound);
    void begin(transport::Inbound&& inbound, const routing::Source& source);
    [[nodiscard]] bool is_within_rate(const transport::Inbound& inbound,
                                      const routing::Source& source);
    [[nodiscard]] bool has_room_for(const sip::Message& request) const;
    void refuse_overload(const transport::Inbound& inbound, const routing::Source& source,
                         Error why);
    void refuse_malformed(const transport::Inbound& inbound, const routing::Source& source,
                          const sip::Rejection& rejection);
    void lend(const transport::Inbound& inbound, const routing::Source& source,
              const Snapshot& snapshot);
    void reply(const transport::Inbound& inbound, const routing::Source& source,
               const routing::Decision& decision);
    void reply_once(const transport::Inbound& inbound, const routing::Source& source,
                    std::uint16_t status, std::string_view headers);

    Services& services_;
    std::vector<transport::Inbox*> inboxes_;
    RecentRequests& recent_;
    SourceRates& rates_;
    RateLimit rejections_{10, 50}; ///< answers to unknown sources
    LimitLog limit_log_;
    std::unordered_set<std::string> asking_; ///< keys of requests that wait for the store
    std::unordered_set<FlowId> lent_;        ///< servers' own connections, lent for requests back
    bool draining_ = false;
};

/// Which worker owns the transaction of a message: for a response to a request that came by a
/// stream the one that our Via names; else CallHash of the Call-ID, modulo workers, which the
/// kernel goes by as well (transport/udp_steering.hpp).
[[nodiscard]] std::uint16_t owner_of(const sip::Message& message, const routing::KeyRing& keys,
                                     std::uint16_t workers);

} // namespace roundabout::proxy
