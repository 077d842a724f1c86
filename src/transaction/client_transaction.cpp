#include "transaction/client_transaction.hpp"

#include "sip/hop_requests.hpp"
#include "sip/parser.hpp"
#include "transaction/fsm/invite_client.hpp"
#include "transaction/fsm/non_invite_client.hpp"
#include "transaction/loop/pooled_frame.hpp"
#include "transaction/loop/task.hpp"
#include "transaction/outgoing.hpp"

#include <concepts>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace roundabout::transaction {

namespace {

/// A running client transaction: the state machine, and what carries out its actions. Owned by the
/// frame of `run()`.
template <class Machine>
class RunningClient : public PooledObject {
  public:
    RunningClient(TransactionLayer& layer, ClientRequest request, const MailboxRef<Event>& context)
        : layer_(layer)
        , bytes_(std::move(request.bytes))
        , flow_(request.flow)
        , branch_(request.branch)
        , context_(context)
        , inbox_(layer.loop)
        , ticket_(layer.tickets.open(inbox_))
        , entry_(layer.clients, std::move(request.key), inbox_, flow_, final_)
        , method_(sip::parse_method(entry_.key().method()))
        , machine_(delivery(flow_.transport), layer.loop.now(), layer.timers) {}
    RunningClient(const RunningClient&) = delete;
    RunningClient& operator=(const RunningClient&) = delete;
    /// The context waits for this event, so it is sent however the transaction ends.
    ~RunningClient() {
        try {
            tell(BranchEnded{branch_});
        } catch (...) { // no memory for an event: nothing left to try
        }
    }

    [[nodiscard]] Mailbox<ClientEvent>& inbox() noexcept { return inbox_; }

    static Task run(Loop& loop, std::unique_ptr<RunningClient> self) {
        self->send(self->bytes_, self->method_);
        while (!self->over_) {
            const TimePoint deadline = self->machine_.deadline();
            Taken<ClientEvent> event = co_await self->inbox_.next(deadline);
            if (event)
                self->dispatch(*event);
            else
                self->carry_out(self->machine_.deadline_reached(loop.now()));
        }
    }

  private:
    static constexpr bool is_invite = std::same_as<Machine, fsm::InviteClient>;

    // What `run` calls is not inlined: the messages that are made on the way would have their room
    // in the frame, which an INVITE keeps while it rings.
    [[gnu::noinline]] void dispatch(ClientEvent& event) {
        std::visit([this](auto& kind) { this->on(kind); }, event);
    }

    void on(ResponseArrived& arrived) {
        const std::uint16_t status = arrived.message->status();
        const fsm::Actions actions = machine_.response(status, layer_.loop.now());
        const bool first_final = status >= 200 && !final_;
        final_ = final_ || first_final; // before the ACK, whose failure is no verdict on the branch
        if (actions.has(fsm::Action::send_ack))
            send_ack(*arrived.message);
        if (actions.has(fsm::Action::pass_up))
            pass_up(std::move(arrived.message), first_final);
        keep_less(status, first_final);
        carry_out(actions);
        if (cancel_wanted_)
            cancel();
    }

    void on(CancelWanted&) {
        cancel_wanted_ = is_invite;
        cancel();
    }

    void on(transport::SendFailed& failure) { failed(failure.why); }
    void on(Stop&) {
        over_ = true;
        if (!final_)
            tell(BranchFailed{branch_, Error::stopped});
    }

    /// All actions but `send_ack` and `pass_up`, which need the event's own message.
    [[gnu::noinline]] void carry_out(fsm::Actions actions) {
        if (actions.has(fsm::Action::send_again)) {
            layer_.counters.requests_sent_again.add();
            send(bytes_, method_);
        }
        if (actions.has(fsm::Action::time_out)) {
            layer_.counters.client_timeouts.add();
            tell(BranchFailed{branch_, Error::transaction_timeout});
        }
        over_ = over_ || actions.has(fsm::Action::end);
    }

    /// The first final response must arrive; a 1xx and the 2xx behind the first may be lost under
    /// load, as they may on the way.
    void pass_up(std::unique_ptr<sip::Message> message, bool must_arrive) {
        Event event = BranchResponse{branch_, std::move(message)};
        if (must_arrive)
            tell(std::move(event));
        else if (context_ && !context_.put_expendable(std::move(event)))
            layer_.counters.events_dropped.add();
    }

    /// What was sent is kept as long as it may be needed: whole until it is not sent again any
    /// more, of an INVITE what ACK and CANCEL are made of until there will be none. It may ring for
    /// long.
    void keep_less(std::uint16_t status, bool first_final) {
        const bool acknowledged = is_invite && status >= 300;
        if (first_final && !acknowledged)
            bytes_ = {};
        else if (is_invite && !bytes_.empty() && !std::exchange(header_only_, true))
            bytes_ = Bytes(sip::header_of_hop(bytes_.view()));
    }

    void send_ack(const sip::Message& response) {
        if (const auto invite = sent_request())
            send(Bytes(sip::make_ack(*invite, response)), sip::Method::ack);
    }

    /// RFC 3261 §9.1: not before a 1xx, not after a final response, once.
    void cancel() {
        if constexpr (is_invite) {
            if (!machine_.may_cancel())
                return;
            cancel_wanted_ = false;
            machine_.cancel_sent(layer_.loop.now());
            const auto invite = sent_request();
            if (cancel_sent_ || !invite)
                return;
            cancel_sent_ = true;
            ClientRequest cancel;
            cancel.bytes = Bytes(sip::make_cancel(*invite));
            cancel.key = entry_.key().with_method("CANCEL");
            cancel.flow = flow_;
            ClientTransaction::start(layer_, std::move(cancel), {});
        }
    }

    /// What was sent, to be read.
    [[nodiscard]] Result<sip::Message> sent_request() const {
        // With our own rows it may have more of them than we let in.
        constexpr sip::IndexLimits any{std::numeric_limits<std::uint32_t>::max()};
        return sip::index_message(std::string(bytes_.view()), sip::Framing::datagram, any);
    }

    [[gnu::noinline]] void send(const Bytes& bytes, sip::Method method) {
        const Error why = send_by(layer_, flow_, bytes, {method, 0}, ticket_.number());
        if (why != Error::none)
            failed(why);
    }

    void failed(Error why) {
        layer_.counters.send_errors.add();
        const fsm::Actions actions = machine_.transport_failed();
        if (actions.has(fsm::Action::transport_error) && !final_)
            tell(BranchFailed{branch_, why});
        carry_out(actions);
    }

    void tell(Event event) {
        if (context_ && !context_.put(std::move(event)))
            layer_.counters.events_dropped.add();
    }

    TransactionLayer& layer_;
    Bytes bytes_;
    Flow flow_;
    std::size_t branch_;
    MailboxRef<Event> context_;
    Mailbox<ClientEvent> inbox_;
    OpenTicket ticket_;
    ClientTable::Entry entry_;
    sip::Method method_;
    Machine machine_;
    bool final_ = false;       ///< a final response came
    bool header_only_ = false; ///< `bytes_` is no more than sip::header_of_hop
    bool cancel_wanted_ = false;
    bool cancel_sent_ = false;
    bool over_ = false;
};

template <class Machine>
Mailbox<ClientEvent>& begin(TransactionLayer& layer, ClientRequest request,
                            const MailboxRef<Event>& context) {
    std::unique_ptr<RunningClient<Machine>> client(
        new (layer.loop) RunningClient<Machine>(layer, std::move(request), context));
    Mailbox<ClientEvent>& inbox = client->inbox();
    layer.scope.spawn(RunningClient<Machine>::run(layer.loop, std::move(client)));
    return inbox;
}

} // namespace

ClientTransaction ClientTransaction::start(TransactionLayer& layer, ClientRequest request,
                                           const MailboxRef<Event>& context) {
    layer.counters.clients_started.add();
    if (request.key.is_invite())
        return ClientTransaction(begin<fsm::InviteClient>(layer, std::move(request), context));
    return ClientTransaction(begin<fsm::NonInviteClient>(layer, std::move(request), context));
}

void ClientTransaction::flow_lost() { inbox_.put(transport::SendFailed{0, Error::flow_closed}); }

void ClientTransaction::cancel() { inbox_.put(CancelWanted{}); }

} // namespace roundabout::transaction
