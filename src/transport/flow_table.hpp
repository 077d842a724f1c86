#pragma once

#include "base/bytes.hpp"
#include "base/flow.hpp"
#include "base/result.hpp"
#include "transport/inbox.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace roundabout::transport {

/// Who is to be reached by a new or pooled connection. Two targets that compare equal may share one
/// connection (R40: address, port, transport, TLS identity, listener).
struct ConnectTarget {
    Transport transport = Transport::tcp;
    Endpoint remote;
    std::string tls_name;          ///< the SAN asked for and the SNI sent (host name, or address)
    std::uint16_t tls_profile = 0; ///< which of the configured client TLS contexts
    std::string host;              ///< Host header of a WebSocket handshake
    std::string path = "/";        ///< WS and WSS
    ListenerIndex listener = no_listener; ///< the listener that speaks for the connection

    friend bool operator==(const ConnectTarget&, const ConnectTarget&) = default;
};

/// For whom a peer's own connection is as good as one that we open: whom a ConnectTarget with the
/// same values wants (R40). `remote` has the port at which the peer listens, not the connection's.
struct LentFor {
    Transport transport = Transport::tcp;
    Endpoint remote;
    std::uint16_t tls_profile = 0; ///< stands for the TLS identity: one a trusted server
    ListenerIndex listener = no_listener;

    friend bool operator==(const LentFor&, const LentFor&) = default;
};

/// What a transaction asks of the transport room: to send, and to reach. One a worker; every call
/// is made on the worker's own thread and returns at once.
class FlowTable {
  public:
    virtual ~FlowTable() = default;

    /// Queues one message. For UDP `flow.listener` says which socket, `flow.remote` where to. For a
    /// stream the connection `flow.id` names; one that another worker owns is reached through that
    /// worker. Errors at once: flow_unknown, queue_full, not_listening, send_failed (UDP: the
    /// kernel's refusal). A failure after queueing comes as SendFailed if `ticket` isn't 0.
    virtual Result<void> send(const Flow& flow, Bytes bytes, Ticket ticket) = 0;

    /// A connection to `target`: an open one if there is (at most one outgoing a target and
    /// worker, else one that was lent), else a new one. Always answers by one Connected{ticket},
    /// bounded in time (`connect_timeout`).
    virtual void connect(ConnectTarget target, std::chrono::milliseconds timeout,
                         Ticket ticket) = 0;

    /// Lets all workers use a connection that the peer opened to this one as an outgoing one (R40,
    /// RFC 5923), until it closes. The caller has made sure whose it is. Its end is told to each
    /// worker by a FlowClosed of its own.
    virtual void lend(const Flow& flow, const LentFor& peer) = 0;

    /// `connect` gives that connection to nobody any more. For who saw it fail, and when it closed.
    virtual void forget(const Flow& flow) = 0;

    /// From now on a connection is kept alive by pings of our own (Keepalive); those that we opened
    /// are anyway. For one that carries a registration.
    virtual void keep_alive(FlowId id) = 0;

    /// An open connection of this worker by its id; nothing if it is closed or another worker's.
    [[nodiscard]] virtual std::optional<Flow> find(FlowId id) const = 0;

    /// True while that connection is open and takes bytes.
    [[nodiscard]] virtual bool is_open(FlowId id) const = 0;

    /// Closes one connection; its FlowClosed follows.
    virtual void close(FlowId id, Error why) = 0;

    /// The listener that sends to that transport and address family; no_listener if none. Among
    /// several the first in the configuration that serves servers.
    [[nodiscard]] virtual ListenerIndex listener_for(Transport transport,
                                                     const IpAddress& remote) const = 0;

    /// The address that the kernel would send from towards `remote`, for a UDP listener bound to a
    /// wildcard; the bound address otherwise.
    [[nodiscard]] virtual Endpoint local_for(ListenerIndex listener,
                                             const IpAddress& remote) const = 0;
};

} // namespace roundabout::transport
