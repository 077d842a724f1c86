#include "app/hand_over.hpp"

#include "app/kept_sockets.hpp"
#include "proxy/worker.hpp"
#include "sip/parser.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <future>
#include <random>
#include <sys/socket.h>
#include <utility>

namespace roundabout::app {

namespace asio = boost::asio;
using transport::HandOverFrame;

namespace {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
/// From one word of the other process to the next, while it could keep everybody waiting.
constexpr auto patience = std::chrono::seconds(10);
/// Between looks at what is left to do. A connection that nothing uses at two of them is closed:
/// after a final response its ACK has so much time to come.
constexpr auto look_interval = std::chrono::milliseconds(500);
/// After the last final response, which may be lost and has to be sent again then.
constexpr auto linger = std::chrono::seconds(2);

HashKey fresh_secret() {
    std::random_device random;
    const auto number = [&random] { return std::uint64_t{random()} << 32U | random(); };
    return {number(), number()};
}

/// Whom a message was for: the listener at that address, or one at all of them.
ListenerIndex listener_of(const transport::PassedMessage& message,
                          const std::vector<transport::ListenerSettings>& listeners) {
    const auto fits = [&](const transport::ListenerSettings& listener) {
        return listener.transport == message.transport && listener.accepts() &&
               (listener.bind == message.local ||
                (listener.bind.address.is_unspecified() &&
                 listener.bind.address.is_v4() == message.local.address.is_v4() &&
                 listener.bind.port == message.local.port));
    };
    const auto found = std::ranges::find_if(listeners, fits);
    if (found == listeners.end())
        return no_listener;
    return static_cast<ListenerIndex>(found - listeners.begin());
}

} // namespace

HandOver::HandOver(asio::io_context& io, Process process)
    : io_(io)
    , process_(std::move(process))
    , link_(io)
    , pause_(io) {}

boost::system::result<transport::Descriptor, std::string> HandOver::begin() {
    if (link_.is_open() || left_)
        return std::string("another process takes over already");
    if (std::string obstacle = process_.obstacle(); !obstacle.empty())
        return obstacle;
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return std::string("no pair of sockets can be had for it");
    transport::Descriptor theirs(ends[1]);
    link_.assign(ends[0]);
    if (!offer()) {
        withdraw();
        return std::string("its sockets cannot be given away");
    }
    spdlog::info("offering our place to another process");
    tasks_.spawn(run());
    return theirs;
}

/// Sockets and lock lie in the link before anybody looks. False if it does not take them.
bool HandOver::offer() {
    sockets_.clear();
    std::vector<int> numbers;
    for (const auto& worker : process_.workers) {
        for (const auto& socket : worker->sockets().get()) {
            sockets_.emplace_back(::fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 0));
            numbers.push_back(sockets_.back().get());
        }
    }
    std::span<const int> rest(numbers);
    while (!rest.empty()) {
        const auto some = rest.first(std::min(rest.size(), transport::most_descriptors));
        if (!transport::send_record(link_.native_handle(), to_frame(HandOverFrame::sockets), some))
            return false;
        rest = rest.subspan(some.size());
    }
    const int lock[] = {process_.store.lock_descriptor()};
    const std::string version =
        std::string(transport::hand_over_version) + ' ' + ROUNDABOUT_VERSION;
    return transport::send_record(link_.native_handle(), to_frame(HandOverFrame::lock), lock) &&
           transport::send_record(link_.native_handle(), to_frame(HandOverFrame::offered, version));
}

asio::awaitable<void> HandOver::run() {
    be_patient();
    while (const auto record = co_await next()) {
        patience_.reset();
        switch (static_cast<HandOverFrame>(record->bytes.front())) {
        case HandOverFrame::go:
            co_await give();
            be_patient();
            break;
        case HandOverFrame::serving: {
            if (!std::exchange(given_, false))
                break;
            left_ = true;
            sockets_.clear();
            process_.leave();
            std::string frame = to_frame(HandOverFrame::left);
            co_await say(std::move(frame));
            tasks_.spawn(drain());
            break;
        }
        case HandOverFrame::message:
            deliver(record->bytes);
            break;
        default:
            break;
        }
    }
    if (left_ || stopped_)
        co_return; // what is under way goes on to its end, here
    if (std::exchange(given_, false))
        resume();
    withdraw();
    spdlog::warn("nobody has taken our place; going on");
}

void HandOver::be_patient() {
    patience_.emplace(io_, [this] {
        boost::system::error_code ignored;
        link_.cancel(ignored);
    });
    patience_->set(patience);
}

/// Nothing: the other process has closed, or lets us wait for too long.
asio::awaitable<std::optional<transport::Record>> HandOver::next() {
    transport::Record record;
    while (link_.is_open()) {
        if (transport::receive_record(link_.native_handle(), transport::most_hand_over_frame,
                                      record)) {
            if (record.bytes.empty())
                break;
            co_return std::move(record);
        }
        if (errno != EAGAIN || (patience_ && patience_->expired()))
            break;
        co_await link_.async_wait(asio::posix::descriptor_base::wait_read, as_tuple);
    }
    co_return std::nullopt;
}

/// If it can't be said, nobody is there any more, as reading finds too.
asio::awaitable<void> HandOver::say(std::string frame) {
    while (link_.is_open() && !transport::send_record(link_.native_handle(), frame)) {
        if (errno != EAGAIN)
            break;
        co_await link_.async_wait(asio::posix::descriptor_base::wait_write, as_tuple);
    }
}

/// From here on nothing is read, until the other process does or we go on. REGISTERs under way end
/// unanswered, since their bindings would be stored by nobody: they come again, with the same
/// branch, to a process that stores them.
asio::awaitable<void> HandOver::give() {
    if (std::exchange(given_, true))
        co_return;
    stop_reading(process_.workers);
    transport::KeysUnderWay keys{fresh_secret(), {}};
    for (const auto& worker : process_.workers) {
        const std::vector<std::uint64_t> some = worker->hand_over(keys.secret).get();
        keys.hashes.insert(keys.hashes.end(), some.begin(), some.end());
    }
    const bool written = co_await all_written();
    if (stopped_)
        co_return;
    if (!written) {
        std::string frame =
            to_frame(HandOverFrame::refused, "the database does not take what is to "
                                             "be written; see the log");
        co_await say(std::move(frame));
        given_ = false;
        resume();
        withdraw();
        co_return;
    }
    std::vector<std::string> frames = to_frames(keys);
    frames.push_back(to_frame(HandOverFrame::yours));
    for (std::string& frame : frames)
        co_await say(std::move(frame));
}

/// Whatever was confirmed to a client is on disk, where the other process looks for it.
asio::awaitable<bool> HandOver::all_written() {
    const auto until = std::chrono::steady_clock::now() + process_.shared.config->store.wait;
    while (process_.store.counts().waiting > 0) {
        if (std::chrono::steady_clock::now() >= until)
            co_return false;
        pause_.expires_after(std::chrono::milliseconds(1));
        co_await pause_.async_wait(as_tuple);
    }
    co_return true;
}

void HandOver::resume() {
    transport::InheritedSockets sockets;
    for (transport::Descriptor& socket : sockets_) {
        if (const auto problem = sockets.add(socket.release(), "own"))
            spdlog::error("{}", *problem);
    }
    sockets_.clear();
    for (const auto& worker : process_.workers) {
        if (const auto fault = worker->resume(sockets).get())
            spdlog::error("{}", fault->to_string());
    }
}

/// To whichever worker has the transaction.
void HandOver::deliver(std::string_view frame) {
    std::optional<transport::PassedMessage> passed = transport::parse_message(frame);
    if (!passed)
        return;
    const ListenerIndex listener = listener_of(*passed, process_.shared.flow_settings.listeners);
    Result<sip::Message> message =
        sip::index_message(std::move(passed->bytes), sip::Framing::datagram);
    if (!message || listener == no_listener)
        return;
    const Flow flow{passed->transport, listener, passed->local, passed->remote, {}, false};
    const std::uint16_t owner =
        proxy::owner_of(*message, process_.shared.keys, process_.shared.workers);
    process_.shared.inboxes[owner]->put(transport::Inbound{std::move(*message), flow});
}

asio::awaitable<void> HandOver::drain() {
    const auto until = std::chrono::steady_clock::now() + process_.shared.config->drain;
    std::vector<std::unordered_set<FlowId>> unused(process_.workers.size());
    auto busy = std::chrono::steady_clock::now();
    while (link_.is_open() && std::chrono::steady_clock::now() < until) {
        if (!is_idle(unused))
            busy = std::chrono::steady_clock::now();
        else if (std::chrono::steady_clock::now() - busy >= linger)
            break;
        pause_.expires_after(look_interval);
        co_await pause_.async_wait(as_tuple);
    }
    if (link_.is_open())
        process_.ended();
}

/// Closes what nothing uses: clients are to come to the process that knows them. True: nothing is
/// left.
bool HandOver::is_idle(std::vector<std::unordered_set<FlowId>>& unused) {
    std::vector<std::future<WorkerThread::UnderWay>> asked;
    for (const auto& worker : process_.workers)
        asked.push_back(worker->under_way());
    std::vector<WorkerThread::UnderWay> all;
    std::unordered_set<FlowId> used;
    std::size_t left = 0;
    for (auto& each : asked) {
        all.push_back(each.get());
        used.insert(all.back().used.begin(), all.back().used.end());
        left += all.back().unanswered + all.back().open.size();
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::unordered_set<FlowId> now;
        std::vector<FlowId> closing;
        for (const FlowId& id : all[i].open) {
            if (used.contains(id))
                continue;
            now.insert(id);
            if (unused[i].contains(id))
                closing.push_back(id);
        }
        process_.workers[i]->close(std::move(closing));
        unused[i] = std::move(now);
    }
    return left == 0;
}

void HandOver::stop() {
    stopped_ = true;
    withdraw();
}

void HandOver::withdraw() {
    boost::system::error_code ignored;
    link_.close(ignored);
    patience_.reset();
    pause_.cancel();
}

} // namespace roundabout::app
