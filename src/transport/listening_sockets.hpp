#pragma once

#include "transport/bind_check.hpp"
#include "transport/connections.hpp"
#include "transport/flow_settings.hpp"
#include "transport/inherited_sockets.hpp"
#include "transport/stream_listener.hpp"
#include "transport/udp_socket.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace roundabout::transport {

/// One worker's UDP sockets and acceptors, by listener. A listener has one; beyond it there may be
/// others of the same address that were inherited, which are read and accepted from alike.
class ListeningSockets {
  public:
    /// References, and all that `udp` refers to, outlive this.
    ListeningSockets(const StreamSurroundings& streams, Connections& connections,
                     Censuses& censuses, UdpSurroundings udp);

    /// Opens every listener that accepts, by the sockets that were inherited for it or by binding
    /// one, and begins to read and accept.
    std::optional<BindFault> listen(const FlowSettings& settings, InheritedSockets& inherited,
                                    std::uint16_t workers);
    /// Opens those that are not open yet. On a fault some are; whoever called ends them by
    /// retire().
    std::optional<BindFault> open_added(const FlowSettings& settings);
    /// Goes on by these; listeners that are closed in them accept nothing more.
    void change(const FlowSettings& settings);
    /// Ends the sockets and handshakes of one listener.
    void retire(std::size_t index);

    /// How many listeners there are, closed ones among them.
    [[nodiscard]] std::size_t size() const noexcept { return udp_.size(); }
    /// The bound address of a listener, with its real port.
    [[nodiscard]] Endpoint bound(ListenerIndex listener) const;
    /// What a listener sends by; null if it has no UDP socket.
    [[nodiscard]] UdpSocket* udp(ListenerIndex listener) const;

    struct Open {
        ListenerIndex listener = no_listener;
        int descriptor = -1;
    };
    /// All that are open, for others to have a part in.
    [[nodiscard]] std::vector<Open> open() const;

    /// Hands what was gathered to the kernel.
    void flush();
    /// No UDP socket is read any more.
    void stop_reading();
    /// No new connections; handshakes under way go on.
    void stop_accepting();
    /// Ends acceptors and handshakes.
    void close_acceptors();
    /// Sends what the kernel takes at once and ends the UDP sockets.
    void close_udp();

  private:
    void make_room(std::size_t listeners);
    std::optional<BindFault> open_one(ListenerIndex index, const FlowSettings& settings);
    std::optional<BindFault> adopt(ListenerIndex index, const FlowSettings& settings,
                                   Descriptor socket);
    void add(ListenerIndex index, const FlowSettings& settings, std::unique_ptr<UdpSocket> socket);
    void add(ListenerIndex index, std::unique_ptr<StreamListener> acceptor);
    [[nodiscard]] bool is_listening(std::size_t index) const;
    template <class Call>
    void each_udp(Call call) const;
    template <class Call>
    void each_acceptor(Call call) const;

    const StreamSurroundings& streams_;
    Connections& connections_;
    Censuses& censuses_;
    UdpSurroundings udp_surroundings_;
    std::vector<std::unique_ptr<UdpSocket>> udp_;            ///< by listener; null: not UDP
    std::vector<std::unique_ptr<StreamListener>> acceptors_; ///< by listener; null: UDP
    std::vector<std::unique_ptr<UdpSocket>> more_udp_;       ///< inherited beyond the first
    std::vector<std::unique_ptr<StreamListener>> more_acceptors_;
    std::vector<std::unique_ptr<UdpSocket>> old_udp_; ///< closed; their coroutines may still end
    std::vector<std::unique_ptr<StreamListener>> old_acceptors_;
};

} // namespace roundabout::transport
