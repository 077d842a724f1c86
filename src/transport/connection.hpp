#pragma once

#include "base/bytes.hpp"
#include "base/flow.hpp"
#include "base/subject_names.hpp"
#include "transport/connection_census.hpp"
#include "transport/deadline.hpp"
#include "transport/distribution.hpp"
#include "transport/keepalive.hpp"
#include "transport/limits.hpp"
#include "transport/message_stream.hpp"
#include "transport/task_group.hpp"

#include <boost/container/devector.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace roundabout::transport {

/// What the stream connections of a worker share; all of it outlives them.
struct StreamSurroundings {
    TaskGroup& tasks;
    const Inboxes& inboxes; ///< of all workers: the outcome of a send goes to who asked
    std::uint16_t worker;   ///< which of them is this one
    Counters& counters;
    StreamLimits limits;

    [[nodiscard]] Inbox& inbox() const { return *inboxes[worker]; }
};

/// A handshaken connection, before it has a name.
struct Opened {
    std::unique_ptr<MessageStream> stream;
    Flow flow;                   ///< without id
    SubjectNames peer_names;     ///< what the TLS peer proved
    ConnectionCensus::Seat seat; ///< of an accepted one
};

/// One stream connection: a coroutine that reads as long as the connection lives, and one that
/// writes as long as something waits to be written. A peer that does not read loses its own
/// connection when the outbox is full. FlowClosed is put into the inbox exactly once, after
/// everything else that this connection puts there, and once into that of each worker which has
/// sent by it: what was written to a peer that was leaving has failed by nothing else (R41).
///
/// Owned by the table and by its coroutines.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    /// `ended` is called once, when the connection is out of use, before FlowClosed.
    Connection(const StreamSurroundings& surroundings, Opened opened,
               std::function<void(const Flow&)> ended);

    /// Begins to read. Once, right after it was made.
    void start();

    /// Queues one message. `asker` is the worker whose inbox gets SendFailed for `ticket`. Errors:
    /// flow_closed; queue_full, which also closes the connection.
    Result<void> send(Bytes bytes, Ticket ticket, std::uint16_t asker);

    /// From now on keepalives of our own ask whether the peer lives, if the limits want that; one
    /// that stays silent ends the connection with idle_timeout. A WebSocket does so by itself.
    void keep_alive();

    /// Ends both directions at once. Every ticket that waits is answered by SendFailed.
    void close(Error why);

    [[nodiscard]] bool is_open() const noexcept { return state_ == State::open; }
    [[nodiscard]] const Flow& flow() const noexcept { return flow_; }
    /// What the TLS peer proved; null if that is nothing.
    [[nodiscard]] const SubjectNames* peer_names() const noexcept { return peer_names_.get(); }

  private:
    enum class State : std::uint8_t {
        open,
        last_words, ///< reads no more, writes what is queued, then closes
        closed,
    };
    struct Probe {
        Probe(const Keepalive& begun, boost::asio::io_context& io, std::function<void()> look)
            : keepalive(begun)
            , next(io, std::move(look)) {}
        Keepalive keepalive;
        Deadline next;
        Deadline::Clock::time_point rested; ///< when it last did not read, since the inbox was full
    };
    struct Outgoing {
        Bytes bytes;
        Ticket ticket = 0;
        std::uint16_t asker = 0;
    };

    boost::asio::awaitable<void> read();
    boost::asio::awaitable<void> write();
    boost::asio::awaitable<void> wait_for_inbox();
    void end_reading(Error why);
    void receive(Frame frame);
    void enqueue(Outgoing outgoing);
    void answer_broken(Error why);
    void fail(const Outgoing& outgoing, Error why);
    void count_close(Error why);
    void look_for_life();
    void finish();

    StreamSurroundings surroundings_;
    std::unique_ptr<MessageStream> stream_;
    Flow flow_;
    std::shared_ptr<const SubjectNames> peer_names_;
    ConnectionCensus::Seat seat_;
    std::function<void(const Flow&)> ended_;
    boost::container::devector<Outgoing> outbox_; ///< holds no memory while it is empty
    std::size_t outbox_bytes_ = 0;
    std::uint64_t askers_ = 0; ///< FlowClosed::askers
    std::unique_ptr<Deadline> last_words_deadline_;
    std::unique_ptr<Probe> probe_; ///< null: the peer is not asked
    Error why_ = Error::none;
    State state_ = State::open;
    bool reading_ = false;
    bool writing_ = false;
};

} // namespace roundabout::transport
