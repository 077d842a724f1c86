#include "transaction/server_transaction.hpp"

#include "sip/response.hpp"
#include "transaction/fsm/invite_server.hpp"
#include "transaction/fsm/non_invite_server.hpp"
#include "transaction/loop/pooled_frame.hpp"
#include "transaction/loop/task.hpp"
#include "transaction/outgoing.hpp"

#include <algorithm>
#include <concepts>
#include <string>
#include <utility>
#include <variant>

namespace roundabout::transaction {

namespace {

/// A running server transaction: the state machine, and what carries out its actions. Owned by the
/// frame of `run()`.
template <class Machine>
class RunningServer : public PooledObject {
  public:
    RunningServer(TransactionLayer& layer, std::shared_ptr<const sip::Message> request,
                  const Flow& flow, const MailboxRef<Event>& context, fsm::ServerKey key)
        : layer_(layer)
        , request_(std::move(request))
        , flow_(flow)
        , kind_{request_->method(), 0}
        , context_(context)
        , inbox_(layer.loop)
        , ticket_(layer.tickets.open(inbox_))
        , entry_(layer.servers, std::move(key), inbox_, flow_, final_)
        , machine_(delivery(flow.transport), layer.loop.now(), layer.timers) {}
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;
    /// The context waits for this event, so it is sent however the transaction ends.
    ~RunningServer() {
        try {
            tell(ServerEnded{why_ended_});
        } catch (...) { // no memory for an event: nothing left to try
        }
    }

    [[nodiscard]] Mailbox<ServerEvent>& inbox() noexcept { return inbox_; }

    static Task run(Loop& loop, std::unique_ptr<RunningServer> self) {
        while (!self->over_) {
            const TimePoint deadline = std::min(self->machine_.deadline(), self->wait_until_);
            Taken<ServerEvent> event = co_await self->inbox_.next(deadline);
            if (event)
                self->dispatch(*event);
            else
                self->deadline_passed(loop.now());
        }
    }

  private:
    static constexpr int most_ways = 3; ///< for one response, until its request comes again
    static constexpr bool is_invite = std::same_as<Machine, fsm::InviteServer>;

    // What `run` calls is not inlined: what is made on the way would have its room in the frame.
    [[gnu::noinline]] void dispatch(ServerEvent& event) {
        std::visit([this](auto& kind) { this->on(kind); }, event);
    }

    void on(RequestAgain& again) {
        follow(*again.flow);
        layer_.counters.requests_absorbed.add();
        ways_left_ = most_ways;
        carry_out(machine_.request_again());
        if (unsent_)
            send_last();
    }

    void on(AckArrived& arrived) {
        if constexpr (is_invite) {
            const fsm::Actions actions = machine_.ack(layer_.loop.now());
            if (actions.has(fsm::Action::pass_up))
                tell(AckReceived{std::move(arrived.ack)});
            carry_out(actions);
        }
    }

    void on(CancelArrived& cancel) {
        follow(*cancel.flow);
        if (final_ || cancelled_)
            return;
        cancelled_ = true;
        tell(CancelReceived{});
    }

    void on(Respond& wanted) {
        const fsm::Actions actions = machine_.respond(wanted.status, layer_.loop.now());
        if (actions.has(fsm::Action::send)) {
            final_ = final_ || wanted.status >= 200;
            last_ = std::move(wanted.response);
            ways_left_ = most_ways;
            kind_.status = wanted.status;
            send_last();
            request_.reset(); // only our own 100 would need it
        }
        if (unsent_ && actions.has(fsm::Action::end))
            wait_for_way();
        else
            carry_out(actions);
    }

    void on(ReplyBy& way) {
        flow_ = *way.flow;
        if (!unsent_)
            return;
        --ways_left_;
        send_last();
        over_ = over_ || wait_until_ != never;
    }

    void on(Abandon&) { over_ = over_ || !final_; }
    void on(transport::SendFailed& failure) { failed(failure.why); }
    void on(Stop&) {
        over_ = true;
        why_ended_ = Error::stopped;
    }

    /// Who sends the request again, or cancels it, by another connection has lost the first one or
    /// is about to: responses go by the newer one (R34). Only to the host that asked.
    void follow(const Flow& newer) {
        if (is_reliable(newer.transport) && newer.transport == flow_.transport &&
            newer.remote.address == flow_.remote.address)
            flow_ = newer;
    }

    /// All actions but `send` and `pass_up`, which need the event's own message.
    void carry_out(fsm::Actions actions) {
        if (actions.has(fsm::Action::send_again)) {
            layer_.counters.responses_sent_again.add();
            send_last();
        }
        if (actions.has(fsm::Action::send_trying))
            send_trying();
        if (actions.has(fsm::Action::time_out)) {
            layer_.counters.acks_missing.add();
            why_ended_ = Error::transaction_timeout;
        }
        over_ = over_ || actions.has(fsm::Action::end);
    }

    /// Over a reliable transport Timer J is zero (§17.2.2), which would leave nobody to take
    /// another way: for a response that did not leave, it is what it is elsewhere.
    void wait_for_way() {
        wait_until_ = layer_.loop.now() + layer_.timers.j(fsm::Delivery::unreliable);
        tell(ResponseUnsent{Error::flow_closed});
    }

    [[gnu::noinline]] void deadline_passed(TimePoint now) {
        over_ = over_ || wait_until_ <= now;
        carry_out(machine_.deadline_reached(now));
    }

    void send_trying() {
        const std::string received = flow_.remote.address.to_string();
        sip::ResponseParts parts;
        parts.status = 100;
        parts.received = received;
        parts.rport = flow_.remote.port;
        last_ = Bytes(sip::make_response(*request_, parts));
        kind_.status = parts.status;
        send_last();
    }

    void send_last() {
        const Error why = send_by(layer_, flow_, last_, kind_, ticket_.number());
        unsent_ = false;
        if (why != Error::none)
            failed(why);
    }

    void failed(Error why) {
        layer_.counters.send_errors.add();
        unsent_ = true;
        if (machine_.transport_failed().has(fsm::Action::transport_error) && ways_left_ > 0)
            tell(ResponseUnsent{why});
    }

    void tell(Event event) {
        if (context_ && !context_.put(std::move(event)))
            layer_.counters.events_dropped.add();
    }

    TransactionLayer& layer_;
    std::shared_ptr<const sip::Message> request_;
    Flow flow_;
    transport::MessageKind kind_; ///< of `last_`
    MailboxRef<Event> context_;
    Mailbox<ServerEvent> inbox_;
    OpenTicket ticket_;
    ServerTable::Entry entry_;
    Machine machine_;
    Bytes last_;
    TimePoint wait_until_ = never; ///< for another way, once the machine has ended
    Error why_ended_ = Error::none;
    bool final_ = false;     ///< a final response went out
    bool cancelled_ = false; ///< the context knows
    bool unsent_ = false;    ///< `last_` did not leave
    /// In which `last_` may still be sent: one that fails at once would be found again at once.
    int ways_left_ = most_ways;
    bool over_ = false;
};

template <class Machine>
Mailbox<ServerEvent>& begin(TransactionLayer& layer, std::shared_ptr<const sip::Message> request,
                            const Flow& flow, const MailboxRef<Event>& context,
                            fsm::ServerKey key) {
    std::unique_ptr<RunningServer<Machine>> server(new (layer.loop) RunningServer<Machine>(
        layer, std::move(request), flow, context, std::move(key)));
    Mailbox<ServerEvent>& inbox = server->inbox();
    layer.scope.spawn(RunningServer<Machine>::run(layer.loop, std::move(server)));
    return inbox;
}

} // namespace

ServerTransaction ServerTransaction::start(TransactionLayer& layer,
                                           std::shared_ptr<const sip::Message> request, Flow flow,
                                           const MailboxRef<Event>& context) {
    layer.counters.servers_started.add();
    fsm::ServerKey key; // stays empty for a request that no retransmission could be matched to
    if (auto matched = fsm::ServerKey::of(*request))
        key = std::move(*matched);
    if (request->method() == sip::Method::invite)
        return ServerTransaction(
            begin<fsm::InviteServer>(layer, std::move(request), flow, context, std::move(key)));
    return ServerTransaction(
        begin<fsm::NonInviteServer>(layer, std::move(request), flow, context, std::move(key)));
}

bool ServerTransaction::respond(std::uint16_t status, Bytes response) {
    return inbox_.put(Respond{status, std::move(response)});
}

void ServerTransaction::reply_by(const Flow& flow) {
    inbox_.put(ReplyBy{std::make_unique<Flow>(flow)});
}

void ServerTransaction::abandon() { inbox_.put(Abandon{}); }

} // namespace roundabout::transaction
