#pragma once

#include "proxy/rate_limit.hpp"
#include "proxy/services.hpp"
#include "routing/decision.hpp"
#include "routing/keys.hpp"
#include "routing/source.hpp"
#include "sip/parser.hpp"
#include "transport/inbox.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace roundabout::proxy {

/// The proxy core of one worker: takes what the transport room's inbox holds, one arrival after
/// another, and gives each to its transaction, to a new response context, or to nobody. Holds no
/// state of its own about requests; knows no socket and no clock.
class Worker {
  public:
    /// `inboxes`: those of all workers, for responses that another one waits for.
    Worker(Services& services, std::vector<transport::Inbox*> inboxes);

    /// Takes one arrival. Coroutines become ready; the caller runs the loop afterwards.
    void take(transport::Arrival arrival);

    /// The store's answers.
    void take(store::Outcome outcome);

    /// Nothing new is taken from now on; what is under way goes on.
    void drain() noexcept { draining_ = true; }

  private:
    void on(transport::Inbound inbound);
    void on(const transport::Refused& refused);
    void on(const transport::FlowClosed& closed);
    void on(transport::Connected connected);
    void on(transport::SendFailed failed);
    void on(transport::Resolved resolved);

    void take_response(transport::Inbound inbound);
    void take_request(transport::Inbound inbound);
    void begin(transport::Inbound inbound);
    void refuse_malformed(const transport::Inbound& inbound, const sip::Rejection& rejection);
    void reply(const transport::Inbound& inbound, const routing::Source& source,
               const routing::Decision& decision);
    void reply_once(const transport::Inbound& inbound, const routing::Source& source,
                    std::uint16_t status, std::string_view headers);

    Services& services_;
    std::vector<transport::Inbox*> inboxes_;
    RateLimit rejections_{10, 50}; ///< answers to unknown sources
    bool draining_ = false;
};

/// Which worker owns the transaction of a message that came by UDP (design: Who owns a
/// transaction): for a response what our branch says, else the owner hash.
[[nodiscard]] std::uint16_t owner_of(const sip::Message& message, const routing::KeyRing& keys,
                                     std::uint16_t workers);

} // namespace roundabout::proxy
