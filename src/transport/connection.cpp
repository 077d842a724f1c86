#include "transport/connection.hpp"

#include "sip/parser.hpp"
#include "transport/last_words.hpp"
#include "transport/no_throw.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace roundabout::transport {
namespace asio = boost::asio;
namespace {

// How long a connection leaves its bytes to TCP when the worker's inbox is full.
constexpr std::chrono::milliseconds inbox_pause{5};

std::shared_ptr<const SubjectNames> shared(SubjectNames names) {
    if (names.empty())
        return nullptr;
    return std::make_shared<const SubjectNames>(std::move(names));
}

const Bytes& pong() {
    static const Bytes bytes("\r\n");
    return bytes;
}

const Bytes& ping() {
    static const Bytes bytes("\r\n\r\n");
    return bytes;
}

} // namespace

Connection::Connection(const StreamSurroundings& surroundings, Opened opened,
                       std::function<void(const Flow&)> ended)
    : surroundings_(surroundings)
    , stream_(std::move(opened.stream))
    , flow_(opened.flow)
    , peer_names_(shared(std::move(opened.peer_names)))
    , seat_(std::move(opened.seat))
    , ended_(std::move(ended)) {}

void Connection::start() {
    reading_ = true;
    surroundings_.tasks.spawn(read());
}

asio::awaitable<void> Connection::read() {
    const std::shared_ptr<Connection> self = shared_from_this();
    try {
        while (state_ == State::open) {
            if (surroundings_.inbox().full())
                co_await wait_for_inbox();
            Result<Frame> frame = co_await stream_->read();
            if (frame)
                receive(std::move(*frame));
            else
                end_reading(to_error(frame.error()));
        }
    } catch (...) {
        surroundings_.counters.unexpected.add();
        close(Error::flow_closed);
    }
    reading_ = false;
    finish();
}

asio::awaitable<void> Connection::wait_for_inbox() {
    asio::steady_timer pause(surroundings_.tasks.io());
    while (surroundings_.inbox().full() && state_ == State::open) {
        pause.expires_after(inbox_pause);
        co_await pause.async_wait(no_throw);
        if (probe_)
            probe_->rested = Deadline::Clock::now();
    }
}

void Connection::end_reading(Error why) {
    if (state_ != State::open)
        return;
    answer_broken(why);
    if (state_ == State::open)
        close(why);
}

void Connection::receive(Frame frame) {
    if (state_ != State::open)
        return;
    if (frame.kind == Frame::Kind::pong) {
        surroundings_.counters.keepalives.add();
        if (probe_)
            probe_->keepalive.answered(Deadline::Clock::now());
        return;
    }
    if (frame.kind == Frame::Kind::ping) {
        surroundings_.counters.keepalives.add();
        if (probe_ && frame.after_pong) // two answers to pings of ours look like that
            probe_->keepalive.answered(Deadline::Clock::now());
        static_cast<void>(send(pong(), 0, surroundings_.worker));
        return;
    }
    const auto framing =
        is_websocket(flow_.transport) ? sip::Framing::websocket : sip::Framing::stream;
    Result<sip::Message> message = sip::index_message(std::move(frame.bytes), framing);
    // A TCP stream's framer has seen to that already.
    if (message && message->headers_end() > surroundings_.limits.header)
        message = Error::message_too_large;
    bool taken = false;
    if (message) {
        surroundings_.counters.received.add();
        taken = surroundings_.inbox().put(Inbound{std::move(*message), flow_, peer_names_});
    } else {
        surroundings_.counters.refused.add();
        taken = surroundings_.inbox().put(Refused{flow_, to_error(message.error())});
    }
    if (!taken)
        surroundings_.counters.inbox_full.add();
}

// A request whose end can't be found is still owed an answer, where its head says whose it is.
void Connection::answer_broken(Error why) {
    std::string answer = last_words(stream_->broken_head(), why, flow_.remote);
    if (answer.empty())
        return;
    count_close(why);
    why_ = why;
    state_ = State::last_words;
    last_words_deadline_ =
        std::make_unique<Deadline>(surroundings_.tasks.io(), [this, why] { close(why); });
    last_words_deadline_->set(surroundings_.limits.last_words);
    enqueue({Bytes(std::move(answer)), 0, surroundings_.worker});
}

Result<void> Connection::send(Bytes bytes, Ticket ticket, std::uint16_t asker) {
    if (state_ != State::open)
        return Error::flow_closed;
    if (outbox_.size() >= surroundings_.limits.outbox_messages ||
        outbox_bytes_ + bytes.size() > surroundings_.limits.outbox_bytes) {
        close(Error::queue_full);
        return Error::queue_full;
    }
    if (asker != surroundings_.worker)
        askers_ |= std::uint64_t{1} << (asker % 64);
    enqueue({std::move(bytes), ticket, asker});
    return {};
}

void Connection::enqueue(Outgoing outgoing) {
    outbox_bytes_ += outgoing.bytes.size();
    outbox_.push_back(std::move(outgoing));
    if (!writing_) {
        writing_ = true;
        surroundings_.tasks.spawn(write());
    }
}

asio::awaitable<void> Connection::write() {
    const std::shared_ptr<Connection> self = shared_from_this();
    try {
        while (!outbox_.empty()) {
            const Outgoing outgoing = std::move(outbox_.front());
            outbox_.pop_front();
            const Result<void> written = co_await stream_->write(outgoing.bytes.view());
            outbox_bytes_ -= outgoing.bytes.size();
            if (written) {
                surroundings_.counters.sent.add();
                continue;
            }
            close(to_error(written.error()));
            fail(outgoing, why_);
        }
    } catch (...) {
        surroundings_.counters.unexpected.add();
        close(Error::flow_closed);
    }
    outbox_ = boost::container::devector<Outgoing>(); // `{}` would keep its memory
    writing_ = false;
    if (state_ == State::last_words)
        close(why_);
    finish();
}

void Connection::keep_alive() {
    const std::chrono::milliseconds interval = surroundings_.limits.keepalive;
    if (probe_ || state_ != State::open || interval.count() == 0 || !stream_->heard())
        return;
    probe_ = std::make_unique<Probe>(
        Keepalive(interval, surroundings_.limits.keepalive_answer, Deadline::Clock::now()),
        surroundings_.tasks.io(), [this] { look_for_life(); });
    probe_->next.set(probe_->keepalive.next());
}

void Connection::look_for_life() {
    if (state_ != State::open)
        return;
    const std::shared_ptr<Connection> self = shared_from_this();
    const auto heard = std::max(*stream_->heard(), probe_->rested);
    switch (probe_->keepalive.look(Deadline::Clock::now(), heard)) {
    case Keepalive::Step::dead:
        surroundings_.counters.closed_unanswered.add();
        close(Error::idle_timeout);
        return;
    case Keepalive::Step::ping:
        surroundings_.counters.pings.add();
        static_cast<void>(send(ping(), 0, surroundings_.worker));
        break;
    case Keepalive::Step::wait:
        break;
    }
    probe_->next.set(probe_->keepalive.next());
}

void Connection::close(Error why) {
    if (state_ == State::closed)
        return;
    if (state_ == State::open) {
        count_close(why);
        why_ = why;
    }
    state_ = State::closed;
    stream_->close();
    const auto unsent = std::exchange(outbox_, {});
    for (const Outgoing& outgoing : unsent)
        fail(outgoing, why_);
}

void Connection::fail(const Outgoing& outgoing, Error why) {
    surroundings_.counters.send_failures.add();
    if (outgoing.ticket != 0)
        surroundings_.inboxes[outgoing.asker]->put(SendFailed{outgoing.ticket, why});
}

void Connection::count_close(Error why) {
    Counters& counters = surroundings_.counters;
    switch (why) {
    case Error::queue_full:
        counters.closed_slow.add();
        break;
    case Error::idle_timeout:
        counters.closed_idle.add();
        break;
    case Error::header_timeout:
        counters.closed_unfinished.add();
        break;
    case Error::message_too_large:
    case Error::bad_content_length:
    case Error::content_length_mismatch:
    case Error::bare_line_feed:
    case Error::nul_in_header:
    case Error::not_sip:
    case Error::bad_frame:
    case Error::renegotiation:
        counters.closed_broken.add();
        break;
    default:
        break;
    }
}

// The last of the two coroutines to end says so.
void Connection::finish() {
    if (reading_ || writing_ || !ended_)
        return;
    last_words_deadline_.reset();
    probe_.reset();
    std::exchange(ended_, nullptr)(flow_);
    seat_ = {};
    surroundings_.counters.closed.add();
    surroundings_.counters.connections.subtract();
    surroundings_.counters.of(flow_.transport).open.subtract();
    surroundings_.inbox().put(FlowClosed{flow_, why_, askers_});
}

} // namespace roundabout::transport
