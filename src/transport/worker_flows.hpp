#pragma once

#include "transport/bind_check.hpp"
#include "transport/connections.hpp"
#include "transport/distribution.hpp"
#include "transport/flow_settings.hpp"
#include "transport/flow_table.hpp"
#include "transport/listening_sockets.hpp"
#include "transport/mailbox.hpp"
#include "transport/outgoing_pool.hpp"
#include "transport/source_cache.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

namespace roundabout::transport {

/// All flows of one worker: its UDP sockets, stream listeners, connections and the pool of outgoing
/// ones. Lives on the worker's io_context; only deliver() and counters() may be called from other
/// threads.
///
/// Life: construct one a worker; join() each with all; listen(); run the io_contexts;
/// stop_accepting(); close_all(); when_drained(). All workers' objects live until every io_context
/// has stopped running, and are destroyed before their io_contexts or with them stopped.
class WorkerFlows final : public FlowTable {
  public:
    /// `censuses`, `inboxes` (one a worker, this worker's at settings.worker) outlive this. `steer`
    /// says which worker a datagram is for; empty: always this one.
    WorkerFlows(boost::asio::io_context& io, FlowSettings settings, Censuses& censuses,
                const Inboxes& inboxes, Steer steer);
    WorkerFlows(const WorkerFlows&) = delete;
    WorkerFlows& operator=(const WorkerFlows&) = delete;
    ~WorkerFlows() override;

    /// Tells the others, by worker number, this one among them. Before anything is sent.
    void join(std::vector<WorkerFlows*> workers);
    /// Opens every listener, by the sockets that were inherited for it or by binding one, and
    /// begins to read and accept. Before or while the io_context runs.
    std::optional<BindFault> listen(InheritedSockets& inherited);
    std::optional<BindFault> listen() {
        InheritedSockets none;
        return listen(none);
    }
    /// The bound address of a listener, with its real port.
    [[nodiscard]] Endpoint bound(ListenerIndex listener) const { return sockets_.bound(listener); }

    Result<void> send(const Flow& flow, Bytes bytes, Ticket ticket) override;
    void connect(ConnectTarget target, std::chrono::milliseconds timeout, Ticket ticket) override;
    void lend(const Flow& flow, const LentFor& peer) override;
    void forget(const Flow& flow) override;
    void keep_alive(FlowId id) override;
    [[nodiscard]] std::optional<Flow> find(FlowId id) const override;
    /// For a connection of another worker: true while this process made it; whether it is still
    /// open shows when something is sent.
    [[nodiscard]] bool is_open(FlowId id) const override;
    void close(FlowId id, Error why) override;
    [[nodiscard]] ListenerIndex listener_for(Transport transport,
                                             const IpAddress& remote) const override;
    [[nodiscard]] Endpoint local_for(ListenerIndex listener,
                                     const IpAddress& remote) const override;

    /// What the TLS peer of an own connection proved; null if that is nothing, or the connection
    /// gone.
    [[nodiscard]] const SubjectNames* peer_names(FlowId id) const;

    /// The names of all open connections, in no order. O(connections).
    [[nodiscard]] std::vector<FlowId> open_connections() const { return connections_.ids(); }

    /// Opens the listeners of `settings` that are not open yet, each at its position. On a fault
    /// whoever called undoes it by close_removed().
    std::optional<BindFault> open_added(const std::vector<ListenerSettings>& listeners);
    /// Goes on by these. What was accepted or opened before stays as it was; listeners that are
    /// closed in them accept nothing more. `worker`, `node`, `boot` and `is_server` stay.
    void change(const FlowSettings& settings);
    /// Ends the sockets, handshakes and connections of listeners that are closed, or that the
    /// settings do not have.
    void close_removed();

    /// No new connections and handshakes from outside; everything else goes on.
    void stop_accepting();
    /// From now on what arrives by UDP, and whoever connects, stays with the kernel, for whoever
    /// has these sockets too. Sending goes on, and so do connections.
    void stop_reading();
    /// Its listening and UDP sockets, for others to have a part in.
    [[nodiscard]] std::vector<ListeningSockets::Open> sockets() const { return sockets_.open(); }
    /// Sends what the kernel takes at once, then ends every connection, setting-up and socket.
    void close_all();
    /// After close_all(): calls once, when the last coroutine is gone.
    void when_drained(std::function<void()> drained);

    /// Takes another worker's mail. Any thread.
    void deliver(std::vector<Mail>& batch);

    /// The owner's code runs from here to end_turn(), which is called before anything is waited
    /// for: what is sent meanwhile leaves then, without a turn of its own.
    void begin_turn() noexcept { turn_end_wanted_ = true; }
    /// Sends what gathered: datagrams, and other workers' mail.
    void end_turn();

    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

  private:
    Result<void> send_udp(const Flow& flow, Bytes bytes, Ticket ticket);
    void post(std::uint16_t worker, Mail mail);
    void want_turn_end();
    void flush_mail(std::uint16_t worker);
    void open_mail();
    void open(PostedSend mail);
    void open(const PostedClose& mail);
    void open(const PostedKeepAlive& mail);
    void open(const PeerUnreachable& mail);
    void open(const Lent& mail);
    void open(const LentIsGone& mail);
    void tell_others(const Mail& mail);
    void tell_unreachable(ListenerIndex listener, const Endpoint& peer);

    FlowSettings settings_;
    const Inboxes* inboxes_;
    Counters counters_;
    mutable SourceCache sources_; ///< for wildcard listeners
    TaskGroup tasks_;
    Distribution distribution_;
    StreamSurroundings streams_;
    Connections connections_;
    OutgoingPool outgoing_;
    ListeningSockets sockets_;
    std::vector<WorkerFlows*> workers_;
    std::vector<std::vector<Mail>> outgoing_mail_; ///< by worker
    Mailbox mailbox_;
    std::vector<Mail> opened_mail_;   ///< storage of open_mail()
    std::unordered_set<FlowId> lent_; ///< own connections that the others were told of
    bool turn_end_wanted_ = false;    ///< end_turn() is called in any case
    bool closed_ = false;
};

} // namespace roundabout::transport
