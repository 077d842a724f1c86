#include "transport/worker_flows.hpp"

#include "transport/source_address.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace roundabout::transport {
namespace asio = boost::asio;
namespace {

constexpr std::size_t mailbox_limit = 65536;

FlowId name_of(const FlowSettings& settings) noexcept {
    return {settings.node, settings.worker, settings.boot, 0};
}

} // namespace

WorkerFlows::WorkerFlows(asio::io_context& io, FlowSettings settings, Censuses& censuses,
                         const Inboxes& inboxes, Steer steer)
    : settings_(std::move(settings))
    , inboxes_(&inboxes)
    , sources_(source_address)
    , tasks_(io, counters_)
    , distribution_(inboxes, settings_.worker, std::move(steer), counters_)
    , streams_{tasks_, inboxes, settings_.worker, counters_, settings_.stream}
    , connections_(streams_, name_of(settings_))
    , outgoing_(streams_, connections_, settings_)
    , sockets_(streams_, connections_, censuses,
               {tasks_, distribution_, streams_.inbox(), counters_, [this] { want_turn_end(); },
                [this](ListenerIndex listener, const Endpoint& peer) {
                    tell_unreachable(listener, peer);
                }})
    , outgoing_mail_(inboxes.size())
    , mailbox_(mailbox_limit) {}

WorkerFlows::~WorkerFlows() = default;

void WorkerFlows::join(std::vector<WorkerFlows*> workers) { workers_ = std::move(workers); }

std::optional<BindFault> WorkerFlows::listen(InheritedSockets& inherited) {
    const auto workers = static_cast<std::uint16_t>(std::max<std::size_t>(1, workers_.size()));
    return sockets_.listen(settings_, inherited, workers);
}

Result<void> WorkerFlows::send(const Flow& flow, Bytes bytes, Ticket ticket) {
    if (settings_.tap != nullptr && settings_.tap->wanted())
        settings_.tap->put(true, flow, settings_.worker, bytes.view());
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
    UdpSocket* const socket = sockets_.udp(flow.listener);
    if (socket == nullptr)
        return Error::not_listening;
    return socket->send(flow.local.address, flow.remote, std::move(bytes), ticket);
}

void WorkerFlows::connect(ConnectTarget target, std::chrono::milliseconds timeout, Ticket ticket) {
    if (closed_ || target.transport == Transport::udp) {
        const Error why = closed_ ? Error::stopped : Error::bad_transport;
        streams_.inbox().put(Connected{ticket, why});
        return;
    }
    outgoing_.connect(target, timeout, ticket);
}

void WorkerFlows::lend(const Flow& flow, const LentFor& peer) {
    const auto connection = connections_.find(flow.id);
    if (!connection || !connection->is_open() || !lent_.insert(flow.id).second)
        return;
    outgoing_.lent().add(peer, flow);
    tell_others(Lent{peer, flow});
}

void WorkerFlows::forget(const Flow& flow) {
    outgoing_.lent().remove(flow.id);
    if (lent_.erase(flow.id) != 0)
        tell_others(LentIsGone{flow});
}

void WorkerFlows::keep_alive(FlowId id) {
    if (const auto connection = connections_.find(id))
        connection->keep_alive();
    else if (!connections_.made(id) && is_open(id))
        post(id.worker, PostedKeepAlive{id});
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
    const Endpoint local = sockets_.bound(listener);
    if (!local.address.is_unspecified() || local.address.is_v4() != remote.is_v4())
        return local;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const TimePoint at(std::chrono::duration_cast<Duration>(now));
    return {sources_.towards(remote, at), local.port};
}

const SubjectNames* WorkerFlows::peer_names(FlowId id) const {
    const auto connection = connections_.find(id);
    return connection ? connection->peer_names() : nullptr;
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
    sockets_.flush();
    for (std::size_t worker = 0; worker < outgoing_mail_.size(); ++worker)
        flush_mail(static_cast<std::uint16_t>(worker));
}

void WorkerFlows::flush_mail(std::uint16_t worker) {
    std::vector<Mail>& batch = outgoing_mail_[worker];
    if (batch.empty())
        return;
    workers_[worker]->deliver(batch);
    counters_.mail_full.add(batch.size());
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

void WorkerFlows::open(const PostedKeepAlive& mail) {
    if (const auto connection = connections_.find(mail.id))
        connection->keep_alive();
}

void WorkerFlows::open(const PeerUnreachable& mail) {
    if (UdpSocket* const socket = sockets_.udp(mail.listener))
        socket->fail_recent(mail.peer);
}

void WorkerFlows::open(const Lent& mail) { outgoing_.lent().add(mail.peer, mail.flow); }

// Whoever sent over it is to know, as of a connection of its own (R41).
void WorkerFlows::open(const LentIsGone& mail) {
    outgoing_.lent().remove(mail.flow.id);
    streams_.inbox().put(FlowClosed{mail.flow, Error::flow_closed});
}

// The kernel gives an ICMP error to any one of the sockets that share the port, which need not be
// the one that this worker sends by.
void WorkerFlows::tell_unreachable(ListenerIndex listener, const Endpoint& peer) {
    open(PeerUnreachable{listener, peer});
    tell_others(PeerUnreachable{listener, peer});
}

void WorkerFlows::tell_others(const Mail& mail) {
    for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
        if (worker != settings_.worker)
            post(static_cast<std::uint16_t>(worker), mail);
    }
}

std::optional<BindFault> WorkerFlows::open_added(const std::vector<ListenerSettings>& listeners) {
    FlowSettings settings = settings_;
    settings.listeners = listeners;
    return sockets_.open_added(settings);
}

void WorkerFlows::change(const FlowSettings& settings) {
    settings_.listeners = settings.listeners;
    settings_.trusted_proxies = settings.trusted_proxies;
    settings_.client_contexts = settings.client_contexts;
    settings_.stream = settings.stream;
    settings_.websocket = settings.websocket;
    settings_.listener = settings.listener;
    settings_.udp = settings.udp;
    streams_.limits = settings.stream;
    outgoing_.set_limits(settings.stream);
    sockets_.change(settings_);
}

void WorkerFlows::close_removed() {
    end_turn();
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        if (i < settings_.listeners.size() && !settings_.listeners[i].closed)
            continue;
        sockets_.retire(i);
        connections_.close_of(static_cast<ListenerIndex>(i), Error::stopped);
    }
}

void WorkerFlows::stop_accepting() { sockets_.stop_accepting(); }

void WorkerFlows::stop_reading() {
    sockets_.stop_reading();
    sockets_.stop_accepting();
}

void WorkerFlows::close_all() {
    if (std::exchange(closed_, true))
        return;
    end_turn();
    sockets_.close_acceptors();
    outgoing_.close(Error::stopped);
    connections_.close_all(Error::stopped);
    sockets_.close_udp();
}

void WorkerFlows::when_drained(std::function<void()> drained) {
    tasks_.when_empty(std::move(drained));
}

} // namespace roundabout::transport
