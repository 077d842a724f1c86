#include "transport/listening_sockets.hpp"

#include "transport/udp_steering.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::transport {
namespace {

template <class Socket, class Call>
void each(const std::vector<std::unique_ptr<Socket>>& sockets, Call& call) {
    for (const auto& socket : sockets) {
        if (socket)
            call(*socket);
    }
}

// Their coroutines still refer to them when they are closed.
template <class Socket>
void retire_of(std::size_t index, std::vector<std::unique_ptr<Socket>>& sockets,
               std::vector<std::unique_ptr<Socket>>& old) {
    for (auto& socket : sockets) {
        if (socket && socket->listener() == index) {
            socket->close();
            old.push_back(std::move(socket));
        }
    }
}

template <class Socket>
void place(std::size_t index, std::unique_ptr<Socket> socket,
           std::vector<std::unique_ptr<Socket>>& first,
           std::vector<std::unique_ptr<Socket>>& more) {
    if (first[index])
        more.push_back(std::move(socket));
    else
        first[index] = std::move(socket);
}

} // namespace

ListeningSockets::ListeningSockets(const StreamSurroundings& streams, Connections& connections,
                                   Censuses& censuses, UdpSurroundings udp)
    : streams_(streams)
    , connections_(connections)
    , censuses_(censuses)
    , udp_surroundings_(std::move(udp)) {}

template <class Call>
void ListeningSockets::each_udp(Call call) const {
    each(udp_, call);
    each(more_udp_, call);
}

template <class Call>
void ListeningSockets::each_acceptor(Call call) const {
    each(acceptors_, call);
    each(more_acceptors_, call);
}

void ListeningSockets::make_room(std::size_t listeners) {
    udp_.resize(std::max(udp_.size(), listeners));
    acceptors_.resize(udp_.size());
}

std::optional<BindFault> ListeningSockets::listen(const FlowSettings& settings,
                                                  InheritedSockets& inherited,
                                                  std::uint16_t workers) {
    make_room(settings.listeners.size());
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        const auto index = static_cast<ListenerIndex>(i);
        const ListenerSettings& listener = settings.listeners[i];
        if (!listener.accepts())
            continue;
        auto own = inherited.take(listener.transport, listener.bind, settings.worker, workers);
        auto fault = own.empty() ? open_one(index, settings) : std::nullopt;
        if (fault) {
            Descriptor second = inherited.share(listener.transport, listener.bind, settings.worker);
            if (!second)
                return fault;
            own.push_back(std::move(second));
        }
        for (Descriptor& socket : own) {
            if (fault = adopt(index, settings, std::move(socket)); fault)
                return fault;
        }
    }
    return std::nullopt;
}

std::optional<BindFault> ListeningSockets::open_one(ListenerIndex index,
                                                    const FlowSettings& settings) {
    const ListenerSettings& listener = settings.listeners[index];
    if (listener.transport == Transport::udp) {
        auto socket = UdpSocket::open(index, listener.bind, settings.udp, udp_surroundings_);
        if (!socket)
            return BindFault{Transport::udp, listener.bind, socket.error()};
        add(index, settings, std::move(*socket));
        return std::nullopt;
    }
    auto acceptor =
        std::make_unique<StreamListener>(streams_, connections_, censuses_, index, settings);
    if (auto fault = acceptor->start())
        return fault;
    add(index, std::move(acceptor));
    return std::nullopt;
}

std::optional<BindFault> ListeningSockets::adopt(ListenerIndex index, const FlowSettings& settings,
                                                 Descriptor socket) {
    const ListenerSettings& listener = settings.listeners[index];
    if (listener.transport == Transport::udp) {
        auto adopted = UdpSocket::adopt(index, std::move(socket), settings.udp, udp_surroundings_);
        if (!adopted)
            return BindFault{Transport::udp, listener.bind, adopted.error()};
        add(index, settings, std::move(*adopted));
        return std::nullopt;
    }
    auto acceptor =
        std::make_unique<StreamListener>(streams_, connections_, censuses_, index, settings);
    if (auto fault = acceptor->start(std::move(socket)))
        return fault;
    add(index, std::move(acceptor));
    return std::nullopt;
}

/// The first worker's socket brings the program that all of the group go by.
void ListeningSockets::add(ListenerIndex index, const FlowSettings& settings,
                           std::unique_ptr<UdpSocket> socket) {
    const bool leads = settings.worker == 0 && settings.workers > 1 && settings.call_hash;
    if (leads && !steer(socket->descriptor(), *settings.call_hash, settings.workers))
        streams_.counters.udp_not_steered.add();
    socket->start();
    place(index, std::move(socket), udp_, more_udp_);
}

void ListeningSockets::add(ListenerIndex index, std::unique_ptr<StreamListener> acceptor) {
    place(index, std::move(acceptor), acceptors_, more_acceptors_);
}

std::optional<BindFault> ListeningSockets::open_added(const FlowSettings& settings) {
    make_room(settings.listeners.size());
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        if (!settings.listeners[i].accepts() || is_listening(i))
            continue;
        retire(i);
        if (auto fault = open_one(static_cast<ListenerIndex>(i), settings))
            return fault;
    }
    return std::nullopt;
}

bool ListeningSockets::is_listening(std::size_t index) const {
    return index < udp_.size() && ((udp_[index] && udp_[index]->is_open()) ||
                                   (acceptors_[index] && acceptors_[index]->is_accepting()));
}

void ListeningSockets::change(const FlowSettings& settings) {
    each_udp([&](UdpSocket& socket) { socket.set_limits(settings.udp); });
    each_acceptor([&](StreamListener& acceptor) {
        if (acceptor.listener() >= settings.listeners.size())
            return;
        if (settings.listeners[acceptor.listener()].accepts())
            acceptor.change(settings);
        else
            acceptor.stop_accepting();
    });
}

void ListeningSockets::retire(std::size_t index) {
    retire_of(index, udp_, old_udp_);
    retire_of(index, more_udp_, old_udp_);
    retire_of(index, acceptors_, old_acceptors_);
    retire_of(index, more_acceptors_, old_acceptors_);
}

Endpoint ListeningSockets::bound(ListenerIndex listener) const {
    if (listener >= udp_.size())
        return {};
    if (udp_[listener])
        return udp_[listener]->local();
    return acceptors_[listener] ? acceptors_[listener]->local() : Endpoint{};
}

UdpSocket* ListeningSockets::udp(ListenerIndex listener) const {
    return listener < udp_.size() ? udp_[listener].get() : nullptr;
}

std::vector<ListeningSockets::Open> ListeningSockets::open() const {
    std::vector<Open> all;
    const auto note = [&all](auto& socket) {
        if (const int descriptor = socket.descriptor(); descriptor >= 0)
            all.push_back({socket.listener(), descriptor});
    };
    each_udp(note);
    each_acceptor(note);
    return all;
}

void ListeningSockets::flush() {
    each_udp([](UdpSocket& socket) { socket.flush(); });
}

void ListeningSockets::stop_reading() {
    each_udp([](UdpSocket& socket) { socket.stop_reading(); });
}

void ListeningSockets::stop_accepting() {
    each_acceptor([](StreamListener& acceptor) { acceptor.stop_accepting(); });
}

void ListeningSockets::close_acceptors() {
    each_acceptor([](StreamListener& acceptor) { acceptor.close(); });
}

void ListeningSockets::close_udp() {
    each_udp([](UdpSocket& socket) { socket.close(); });
}

} // namespace roundabout::transport
