#include "transport/worker_flows.hpp"

#include "transport/source_address.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace roundabout::transport {
namespace asio = boost::asio;
namespace {

constexpr std::size_t mailbox_limit = 65536;

FlowId name_of(const FlowSettings& settings) noexcept {
    return {settings.node, settings.worker, settings.boot, 0};
}

} // namespace

WorkerFlows::WorkerFlows(asio::io_context& io, FlowSettings settings, ConnectionCensus& census,
                         const Inboxes& inboxes, Steer steer)
    : settings_(std::move(settings))
    , inboxes_(&inboxes)
    , tasks_(io, counters_)
    , distribution_(inboxes, settings_.worker, std::move(steer), counters_)
    , streams_{tasks_, inboxes, settings_.worker, counters_, settings_.stream}
    , connections_(streams_, name_of(settings_))
    , outgoing_(streams_, connections_, settings_)
    , census_(&census)
    , udp_(settings_.listeners.size())
    , acceptors_(settings_.listeners.size())
    , outgoing_mail_(inboxes.size())
    , mailbox_(mailbox_limit) {}

WorkerFlows::~WorkerFlows() = default;

void WorkerFlows::join(std::vector<WorkerFlows*> workers) { workers_ = std::move(workers); }

std::optional<BindFault> WorkerFlows::listen() {
    for (std::size_t i = 0; i < settings_.listeners.size(); ++i) {
        const auto index = static_cast<ListenerIndex>(i);
        const ListenerSettings& listener = settings_.listeners[i];
        auto fault = listener.transport == Transport::udp ? listen_udp(index, listener.bind)
                                                          : listen_stream(index);
        if (fault)
            return fault;
    }
    return std::nullopt;
}

std::optional<BindFault> WorkerFlows::listen_udp(ListenerIndex index, const Endpoint& bind) {
    const UdpSurroundings surroundings{
        tasks_,
        distribution_,
        streams_.inbox(),
        counters_,
        [this] { want_turn_end(); },
        [this](ListenerIndex listener, const Endpoint& peer) { tell_unreachable(listener, peer); }};
    auto socket = UdpSocket::open(index, bind, settings_.udp, surroundings);
    if (!socket)
        return BindFault{Transport::udp, bind, socket.error()};
    udp_[index] = std::move(*socket);
    udp_[index]->start();
    return std::nullopt;
}

std::optional<BindFault> WorkerFlows::listen_stream(ListenerIndex index) {
    auto listener = std::make_unique<StreamListener>(streams_, connections_, *census_, index,
                                                     settings_.listeners[index], settings_.listener,
                                                     settings_.websocket);
    auto fault = listener->start();
    if (!fault)
        acceptors_[index] = std::move(listener);
    return fault;
}

Endpoint WorkerFlows::bound(ListenerIndex listener) const {
    if (listener >= settings_.listeners.size())
        return {};
    if (udp_[listener])
        return udp_[listener]->local();
    return acceptors_[listener] ? acceptors_[listener]->local() : Endpoint{};
}

Result<void> WorkerFlows::send(const Flow& flow, Bytes bytes, Ticket ticket) {
    if (flow.transport == Transport::udp)
        return send_udp(flow, std::move(bytes), ticket);
    if (const auto connection = connections_.find(flow.id))
        return connection->send(std::move(bytes), ticket, settings_.worker);
    if (connections_.made(flow.id))
        return Error::flow_closed;
    if (!is_open(flow.id))
        return Error::flow_unknown;
    post(flow.id.worker, PostedSend{flow.id, std::move(bytes), ticket, settings_.worker});
    return {};
}

Result<void> WorkerFlows::send_udp(const Flow& flow, Bytes bytes, Ticket ticket) {
    if (flow.listener >= udp_.size() || !udp_[flow.listener])
        return Error::not_listening;
    return udp_[flow.listener]->send(flow.local.address, flow.remote, std::move(bytes), ticket);
}

void WorkerFlows::connect(ConnectTarget target, std::chrono::milliseconds timeout, Ticket ticket) {
    if (closed_ || target.transport == Transport::udp) {
        const Error why = closed_ ? Error::stopped : Error::bad_transport;
        streams_.inbox().put(Connected{ticket, why});
        return;
    }
    outgoing_.connect(target, timeout, ticket);
}

std::optional<Flow> WorkerFlows::find(FlowId id) const {
    const auto connection = connections_.find(id);
    if (!connection || !connection->is_open())
        return std::nullopt;
    return connection->flow();
}

bool WorkerFlows::is_open(FlowId id) const {
    if (connections_.made(id)) {
        const auto connection = connections_.find(id);
        return connection && connection->is_open();
    }
    return id && id.node == settings_.node && id.boot == settings_.boot &&
           id.worker < workers_.size() && !closed_;
}

void WorkerFlows::close(FlowId id, Error why) {
    if (const auto connection = connections_.find(id))
        connection->close(why);
    else if (!connections_.made(id) && is_open(id))
        post(id.worker, PostedClose{id, why});
}

ListenerIndex WorkerFlows::listener_for(Transport transport, const IpAddress& remote) const {
    for (std::size_t i = 0; i < settings_.listeners.size(); ++i) {
        const ListenerSettings& listener = settings_.listeners[i];
        if (listener.transport == transport && listener.serves_servers &&
            listener.bind.address.is_v4() == remote.is_v4())
            return static_cast<ListenerIndex>(i);
    }
    return no_listener;
}

Endpoint WorkerFlows::local_for(ListenerIndex listener, const IpAddress& remote) const {
    const Endpoint local = bound(listener);
    if (!local.address.is_unspecified() || local.address.is_v4() != remote.is_v4())
        return local;
    return {source_address(remote), local.port};
}

const SubjectNames* WorkerFlows::peer_names(FlowId id) const {
    const auto connection = connections_.find(id);
    return connection ? &connection->peer_names() : nullptr;
}

void WorkerFlows::post(std::uint16_t worker, Mail mail) {
    outgoing_mail_[worker].push_back(std::move(mail));
    counters_.posted.add();
    want_turn_end();
}

void WorkerFlows::want_turn_end() {
    if (std::exchange(turn_end_wanted_, true))
        return;
    tasks_.post([this] { end_turn(); });
}

void WorkerFlows::end_turn() {
    turn_end_wanted_ = false;
    for (const auto& socket : udp_) {
        if (socket)
            socket->flush();
    }
    for (std::size_t worker = 0; worker < outgoing_mail_.size(); ++worker)
        flush_mail(static_cast<std::uint16_t>(worker));
}

void WorkerFlows::flush_mail(std::uint16_t worker) {
    std::vector<Mail>& batch = outgoing_mail_[worker];
    if (batch.empty())
        return;
    workers_[worker]->deliver(batch);
    for (const Mail& refused : batch) {
        const auto* send = std::get_if<PostedSend>(&refused);
        if (send == nullptr)
            continue;
        counters_.send_failures.add();
        if (send->ticket != 0)
            streams_.inbox().put(SendFailed{send->ticket, Error::queue_full});
    }
    batch.clear();
}

void WorkerFlows::deliver(std::vector<Mail>& batch) {
    if (mailbox_.put(batch))
        asio::post(tasks_.io(), [this] { open_mail(); });
}

void WorkerFlows::open_mail() {
    mailbox_.take(opened_mail_);
    for (Mail& mail : opened_mail_)
        std::visit([this](auto& item) { open(std::move(item)); }, mail);
    opened_mail_.clear();
}

void WorkerFlows::open(PostedSend mail) {
    Error why = Error::flow_closed;
    if (const auto connection = connections_.find(mail.id)) {
        const auto sent = connection->send(std::move(mail.bytes), mail.ticket, mail.asker);
        if (sent)
            return;
        why = to_error(sent.error());
    }
    counters_.send_failures.add();
    if (mail.ticket != 0)
        (*inboxes_)[mail.asker]->put(SendFailed{mail.ticket, why});
}

void WorkerFlows::open(const PostedClose& mail) {
    if (const auto connection = connections_.find(mail.id))
        connection->close(mail.why);
}

void WorkerFlows::open(const PeerUnreachable& mail) {
    if (udp_[mail.listener])
        udp_[mail.listener]->fail_recent(mail.peer);
}

// The kernel gives an ICMP error to any one of the sockets that share the port.
void WorkerFlows::tell_unreachable(ListenerIndex listener, const Endpoint& peer) {
    for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
        if (worker != settings_.worker)
            post(static_cast<std::uint16_t>(worker), PeerUnreachable{listener, peer});
    }
}

void WorkerFlows::stop_accepting() {
    for (const auto& acceptor : acceptors_) {
        if (acceptor)
            acceptor->stop_accepting();
    }
}

void WorkerFlows::close_all() {
    if (std::exchange(closed_, true))
        return;
    end_turn();
    for (const auto& acceptor : acceptors_) {
        if (acceptor)
            acceptor->close();
    }
    outgoing_.close(Error::stopped);
    connections_.close_all(Error::stopped);
    for (const auto& socket : udp_) {
        if (socket)
            socket->close();
    }
}

void WorkerFlows::when_drained(std::function<void()> drained) {
    tasks_.when_empty(std::move(drained));
}

} // namespace roundabout::transport
