#pragma once

#include "proxy/held_request.hpp"
#include "proxy/reach.hpp"
#include "proxy/registering.hpp"
#include "proxy/response_choice.hpp"
#include "proxy/services.hpp"
#include "proxy/waiting.hpp"
#include "routing/decision.hpp"
#include "routing/hop.hpp"
#include "routing/source.hpp"
#include "sip/message.hpp"
#include "transaction/client_transaction.hpp"
#include "transaction/events.hpp"
#include "transaction/server_transaction.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::proxy {

/// A request that is to be forwarded, with everything that was found out about it on arrival.
struct Accepted {
    HeldRequest request;
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
    /// Lives no longer than any of the three; the targets are moved out of `accepted`.
    ResponseContext(Services& services, Accepted& accepted,
                    transaction::Mailbox<transaction::Event>& inbox);
    ResponseContext(const ResponseContext&) = delete;
    ResponseContext& operator=(const ResponseContext&) = delete;
    ~ResponseContext() { count_answered(); }

    /// §16.6: starts a branch for every target of the first group.
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
    void take(transport::LookAgain news);
    void take(transaction::Stop) { stopped_ = true; }
    template <class Other>
    void take(Other) {} // outcomes of tickets that this context never opens

    /// When the next branch has been silent for too long (Timer C, §16.8; R25), or a 2xx to
    /// REGISTER has waited for its commit, or a parked request for its client, for too long.
    [[nodiscard]] TimePoint deadline() const noexcept;
    void deadline_passed();

    /// Nothing can happen any more that this context would have to act on.
    [[nodiscard]] bool finished() const noexcept;

  private:
    struct Branch {
        routing::Target target;
        Flow flow; ///< that it was sent by
        transaction::ClientTransaction transaction;
        FlowWatch::Watching watching;
        std::unique_ptr<Waiting> waiting;    ///< parked
        std::unique_ptr<sip::Message> final; ///< kept for §16.7 step 6
        CandidatesPtr candidates;
        TimePoint timer_c = never;
        TimePoint next_try = never;           ///< it is silent for too long then: the next place
        std::optional<std::uint32_t> breadth; ///< Max-Breadth to be sent (RFC 5393)
        std::uint16_t status = 0;             ///< of `final`, or what stands for a failure
        std::uint16_t attempt = 0; ///< how many places were sent to before the current one
        bool ringing = false;      ///< a 1xx other than 100 came
        bool again = false;        ///< to be sent once more when its transaction has ended (R41)
        bool reaching : 1 = false; ///< a way is being looked for
        bool sent : 1 = false;     ///< its client transaction lives
        bool heard : 1 = false;    ///< any response came
        bool reused : 1 = false;   ///< by a connection that was open before
        bool retried : 1 = false;
        bool tried_tcp : 1 = false; ///< R39
    };

    /// A try of a branch at a place before the current one, whose client transaction lives.
    struct EarlierTry {
        std::size_t number = 0; ///< of its events
        Flow flow;
        transaction::ClientTransaction transaction;
    };

    /// Its peer, as tokens name it.
    [[nodiscard]] routing::Place place_of_branch(const Branch& branch) const;
    /// What the events of one try of one branch bear.
    [[nodiscard]] static constexpr std::size_t try_number(std::size_t branch,
                                                          std::size_t attempt) noexcept {
        return branch | attempt << 16U;
    }
    [[nodiscard]] static constexpr std::size_t branch_of(std::size_t number) noexcept {
        return number & 0xFFFFU;
    }
    /// The try is over: its branch has gone on to another place.
    [[nodiscard]] bool is_earlier(std::size_t number) const noexcept {
        return number != try_number(branch_of(number), branches_[branch_of(number)].attempt);
    }

    /// All of it until every branch rings.
    [[nodiscard]] const sip::Message& request() { return accepted_.request.message(); }
    [[nodiscard]] bool is_invite() const noexcept {
        return accepted_.request.method() == sip::Method::invite;
    }
    void keep_less();
    void begin_group();
    [[nodiscard]] bool find_way(std::size_t branch);
    void park(std::size_t branch);
    void look_again(std::size_t branch, bool last);
    void look_for(std::size_t branch, std::optional<Transport> transport);
    void send(std::size_t branch, const Flow& flow);
    [[nodiscard]] std::uint16_t refusal_of(Error why);
    [[nodiscard]] bool wants_tcp(const Branch& branch, std::size_t size) const;
    void fail(std::size_t branch, std::uint16_t status);
    [[nodiscard]] bool answers_for_good(std::size_t branch, const sip::Message& response);
    [[nodiscard]] bool try_next(std::size_t branch);
    void take_late(std::size_t number, const sip::Message& response);
    void remember_failed(const Branch& branch, std::uint32_t wait);
    void next_tries();
    void act(const Choice& choice, std::size_t branch, const sip::Message* response);
    void finish(std::size_t best);
    void pass_on(std::size_t branch, const sip::Message& response);
    [[nodiscard]] std::string made(std::size_t branch, const sip::Message& response,
                                   const routing::ResponseHop& hop);
    [[nodiscard]] std::vector<const sip::Message*> other_challenges(std::size_t branch) const;
    void confirm(std::size_t branch, const sip::Message& response);
    void answer(std::uint16_t status);
    void answer_unstored();
    void respond(std::uint16_t status, Bytes response);
    void count_answered() noexcept;
    void measure(std::uint16_t status) noexcept;
    void stop_pending();

    Services& services_;
    Accepted& accepted_;
    transaction::Mailbox<transaction::Event>& inbox_;
    transaction::ServerTransaction server_;
    routing::HopSide in_;
    ResponseChoice choice_;
    std::vector<Branch> branches_; ///< all of them from the start
    std::vector<EarlierTry> earlier_;
    std::unique_ptr<Registering> registering_; ///< of a REGISTER
    transaction::OpenTicket commit_ticket_;
    std::optional<Bytes> held_; ///< the 2xx to REGISTER that waits for its commit
    std::uint16_t held_status_ = 0;
    TimePoint held_until_ = never; ///< past the store's own bound: a disk that hangs answers nobody
    TimePoint parked_until_ = never; ///< for all branches, from the first that was parked
    bool cancelled_ = false;
    bool settled_ = false; ///< a 2xx or 6xx came: no branch goes on to another place
    bool server_ended_ = false;
    bool stopped_ = false;
    bool unanswered_ = true; ///< counted in Services::unanswered
    bool measured_first_ = false;
    bool measured_final_ = false;
    const TimePoint arrived_ = services_.loop.now();
};

} // namespace roundabout::proxy
