#include "transport/outgoing_pool.hpp"

#include "transport/no_throw.hpp"
#include "transport/socket_address.hpp"
#include "transport/stream_options.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <netinet/in.h>
#include <utility>

namespace roundabout::transport {
namespace asio = boost::asio;

OutgoingPool::OutgoingPool(const StreamSurroundings& surroundings, Connections& connections,
                           const FlowSettings& settings)
    : surroundings_(surroundings)
    , connections_(&connections)
    , settings_(&settings) {}

std::size_t OutgoingPool::TargetHash::operator()(const ConnectTarget& target) const noexcept {
    const std::size_t where = std::hash<Endpoint>{}(target.remote);
    const std::size_t how = static_cast<std::size_t>(target.transport) * 31U + target.tls_profile;
    return where ^ std::hash<std::string>{}(target.tls_name) ^ how;
}

void OutgoingPool::connect(const ConnectTarget& target, std::chrono::milliseconds timeout,
                           Ticket ticket) {
    const Waiter waiter{ticket, Deadline::Clock::now() + timeout};
    const auto found = entries_.find(target);
    if (found == entries_.end()) {
        borrow_or_begin(target, waiter);
        return;
    }
    if (const auto& dial = found->second.dial) {
        dial->waiters.push_back(waiter);
        const auto earliest = std::ranges::min_element(dial->waiters, {}, &Waiter::until);
        dial->earliest.set(earliest->until);
        return;
    }
    const auto connection = connections_->find(found->second.open.id);
    if (connection && connection->is_open()) {
        surroundings_.inbox().put(Connected{ticket, found->second.open, true});
        return;
    }
    // It is closing; its end has not come through yet.
    entries_.erase(found);
    borrow_or_begin(target, waiter);
}

void OutgoingPool::borrow_or_begin(const ConnectTarget& target, const Waiter& waiter) {
    const auto lent = lent_.find(target, [this](FlowId id) {
        if (!connections_->made(id))
            return true; // another worker's, which tells when it closes
        const auto connection = connections_->find(id);
        return connection && connection->is_open();
    });
    if (!lent) {
        begin(target, waiter);
        return;
    }
    surroundings_.counters.connects_borrowed.add();
    surroundings_.inbox().put(Connected{waiter.ticket, *lent, true});
}

void OutgoingPool::begin(const ConnectTarget& target, const Waiter& waiter) {
    const auto dial =
        std::make_shared<Dial>(surroundings_.tasks.io(), [this, target] { answer_due(target); });
    dial->waiters.push_back(waiter);
    dial->earliest.set(waiter.until);
    entries_[target].dial = dial;
    surroundings_.tasks.spawn(run(target, dial), dial->attempt.cancel());
}

void OutgoingPool::answer_due(const ConnectTarget& target) {
    const auto found = entries_.find(target);
    if (found == entries_.end() || !found->second.dial)
        return;
    const std::shared_ptr<Dial> dial = found->second.dial;
    const auto now = Deadline::Clock::now();
    std::vector<Waiter> late;
    std::vector<Waiter> patient;
    for (const Waiter& waiter : dial->waiters)
        (waiter.until <= now ? late : patient).push_back(waiter);
    dial->waiters = std::move(patient);
    answer(late, Error::connect_timeout);
    if (dial->waiters.empty()) {
        // Out of the pool at once, so that who asks next begins anew.
        entries_.erase(found);
        surroundings_.counters.connect_failures.add();
        surroundings_.counters.of(target.transport).connects_failed.add();
        dial->attempt.interrupt();
        return;
    }
    dial->earliest.set(std::ranges::min_element(dial->waiters, {}, &Waiter::until)->until);
}

asio::awaitable<void> OutgoingPool::run(ConnectTarget target, std::shared_ptr<Dial> dial) {
    co_await asio::this_coro::throw_if_cancelled(false);
    Result<Opened> opened = co_await reach(target);
    if (dial->attempt.interrupted())
        co_return;
    dial->earliest.clear();
    if (!opened) {
        surroundings_.counters.connect_failures.add();
        surroundings_.counters.of(target.transport).connects_failed.add();
        entries_.erase(target);
        answer(dial->waiters, to_error(opened.error()));
        co_return;
    }
    surroundings_.counters.connects.add();
    surroundings_.counters.of(target.transport).connected.add();
    auto forget = [this, target](const Flow& flow) {
        const auto found = entries_.find(target);
        if (found != entries_.end() && found->second.open.id == flow.id)
            entries_.erase(found);
    };
    const Flow flow = connections_->adopt(std::move(*opened), std::move(forget));
    Entry& entry = entries_[target];
    entry.dial = nullptr;
    entry.open = flow;
    answer(dial->waiters, flow);
}

asio::awaitable<Result<Opened>> OutgoingPool::reach(ConnectTarget target) {
    asio::ip::tcp::socket socket(surroundings_.tasks.io());
    if (const auto error = prepare(target, socket))
        co_return to_transport_error(error, Error::connect_refused);
    const auto endpoint = to_asio_tcp(target.remote);
    const auto [error] = co_await socket.async_connect(endpoint, no_throw);
    if (error)
        co_return to_transport_error(error, Error::connect_refused);
    const Flow flow{target.transport,
                    target.listener,
                    local_endpoint(socket.native_handle()),
                    target.remote,
                    {},
                    true};
    Result<ByteStream> stream = dress(target, std::move(socket));
    if (!stream)
        co_return stream.error();
    Result<Opened> opened = co_await connect_handshakes(
        surroundings_.tasks.io(), std::move(*stream), flow, surroundings_.limits,
        settings_->websocket, std::move(target.host), std::move(target.path));
    co_return opened;
}

boost::system::error_code OutgoingPool::prepare(const ConnectTarget& target,
                                                asio::ip::tcp::socket& socket) const {
    boost::system::error_code error;
    socket.open(to_asio_tcp(target.remote).protocol(), error);
    if (error)
        return error;
    set_stream_options(socket);
    if (target.listener >= settings_->listeners.size())
        return error;
    const IpAddress& from = settings_->listeners[target.listener].bind.address;
    if (from.is_unspecified() || from.is_v4() != target.remote.address.is_v4())
        return error;
    // The port is chosen at connect(), when the peer is known, so that ports are not used up.
    const int on = 1;
    static_cast<void>(
        ::setsockopt(socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on));
    const Endpoint source{from, 0};
    socket.bind(to_asio_tcp(source), error);
    return error;
}

Result<ByteStream> OutgoingPool::dress(const ConnectTarget& target,
                                       asio::ip::tcp::socket socket) const {
    if (!is_secure(target.transport))
        return ByteStream::plain(std::move(socket));
    if (target.tls_profile >= settings_->client_contexts.size())
        return Error::certificate_unusable;
    return ByteStream::tls_client(std::move(socket), settings_->client_contexts[target.tls_profile],
                                  target.tls_name);
}

void OutgoingPool::answer(const std::vector<Waiter>& waiters, const Result<Flow>& outcome) {
    for (const Waiter& waiter : waiters)
        surroundings_.inbox().put(Connected{waiter.ticket, outcome});
}

void OutgoingPool::close(Error why) {
    const auto entries = std::exchange(entries_, {});
    for (const auto& [target, entry] : entries) {
        if (!entry.dial)
            continue;
        answer(entry.dial->waiters, why);
        entry.dial->earliest.clear();
        entry.dial->attempt.interrupt();
    }
}

} // namespace roundabout::transport
