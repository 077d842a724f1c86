#pragma once

#include "proxy/reach.hpp"
#include "proxy/registering.hpp"
#include "proxy/response_choice.hpp"
#include "proxy/services.hpp"
#include "routing/decision.hpp"
#include "routing/hop.hpp"
#include "routing/source.hpp"
#include "sip/message.hpp"
#include "transaction/client_transaction.hpp"
#include "transaction/events.hpp"
#include "transaction/server_transaction.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

namespace roundabout::proxy {

/// A request that is to be forwarded, with everything that was found out about it on arrival.
struct Accepted {
    std::shared_ptr<const sip::Message> request;
    Flow flow;
    routing::Source source;
    routing::Decision decision;
    SnapshotPtr snapshot;
    std::uint64_t owner = 0; ///< owner hash of the request
    std::uint64_t loop = 0;  ///< loop hash, over the request as received
};

/// Serves one request from its arrival until its last branch has ended (RFC 3261 §16.2): starts the
/// server transaction, runs a response context and feeds it from the one mailbox.
[[nodiscard]] transaction::Task serve(transaction::Loop& loop, Services& services,
                                      Accepted accepted);

/// The response context of RFC 3261 §16: the targets of one request, their branches and what has
/// come back from them. An event goes in by one call each; none of them waits.
class ResponseContext {
  public:
    ResponseContext(Services& services, Accepted accepted,
                    transaction::Mailbox<transaction::Event>& inbox);
    ResponseContext(const ResponseContext&) = delete;
    ResponseContext& operator=(const ResponseContext&) = delete;
    ~ResponseContext() { count_answered(); }

    /// §16.6: starts a branch for every target.
    void start();

    // One overload an event.
    void take(transaction::Reached reached);
    void take(transaction::BranchResponse response);
    void take(transaction::BranchFailed failed);
    void take(transaction::BranchEnded ended);
    void take(transaction::FlowLost lost);
    void take(transaction::CancelReceived);
    void take(transaction::AckReceived ack);
    void take(transaction::ResponseUnsent unsent);
    void take(transaction::ServerEnded) { server_ended_ = true; }
    void take(transaction::Committed committed);
    void take(transaction::Stop) { stopped_ = true; }
    template <class Other>
    void take(Other) {} // outcomes of tickets that this context never opens

    /// When the next branch has been silent for too long (Timer C, §16.8; R25), or a 2xx to
    /// REGISTER has waited for its commit for too long.
    [[nodiscard]] TimePoint deadline() const noexcept;
    void deadline_passed();

    /// Nothing can happen any more that this context would have to act on.
    [[nodiscard]] bool finished() const noexcept;

  private:
    struct Branch {
        routing::Target target;
        routing::HopSide out;
        Flow flow;
        transaction::ClientTransaction transaction;
        FlowWatch::Watching watching;
        std::optional<sip::Message> final; ///< kept for §16.7 step 6
        std::uint16_t status = 0;          ///< of `final`, or what stands for a failure
        TimePoint timer_c = never;
        bool reaching = false; ///< a way is being looked for
        bool sent = false;     ///< its client transaction lives
        bool heard = false;    ///< any response came
        bool reused = false;   ///< by a connection that was open before
        bool again = false;    ///< to be sent once more when its transaction has ended (R41)
        bool retried = false;
        bool tried_tcp = false; ///< R39
    };

    [[nodiscard]] const sip::Message& request() const noexcept { return *accepted_.request; }
    [[nodiscard]] bool is_invite() const noexcept {
        return request().method() == sip::Method::invite;
    }
    void find_way(std::size_t branch);
    void look_for(std::size_t branch, std::optional<Transport> transport);
    void send(std::size_t branch, const Flow& flow);
    [[nodiscard]] bool wants_tcp(const Branch& branch, std::size_t size) const;
    void fail(std::size_t branch, std::uint16_t status);
    void act(const Choice& choice, std::size_t branch, const sip::Message* response);
    void pass_on(std::size_t branch, const sip::Message& response);
    void confirm(std::size_t branch, const sip::Message& response);
    void answer(std::uint16_t status);
    void respond(std::uint16_t status, Bytes response);
    void count_answered() noexcept;
    void cancel_pending();

    Services& services_;
    Accepted accepted_;
    transaction::Mailbox<transaction::Event>& inbox_;
    transaction::ServerTransaction server_;
    routing::HopSide in_;
    ResponseChoice choice_;
    std::deque<Branch> branches_;
    std::optional<Registering> registering_;
    transaction::OpenTicket commit_ticket_;
    std::optional<Bytes> held_; ///< the 2xx to REGISTER that waits for its commit
    std::uint16_t held_status_ = 0;
    TimePoint held_until_ = never; ///< past the store's own bound: a disk that hangs answers nobody
    bool cancelled_ = false;
    bool server_ended_ = false;
    bool stopped_ = false;
    bool unanswered_ = true; ///< counted in Services::unanswered
};

} // namespace roundabout::proxy
