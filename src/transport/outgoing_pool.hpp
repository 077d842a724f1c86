#pragma once

#include "transport/connections.hpp"
#include "transport/deadline.hpp"
#include "transport/flow_settings.hpp"
#include "transport/flow_table.hpp"
#include "transport/handshakes.hpp"
#include "transport/lent_connections.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace roundabout::transport {

/// The connections that one worker opened: at most one a ConnectTarget. Who asks while one is being
/// set up waits for that one; who asks later gets the open one. Where there is none, one that the
/// peer opened and that was lent does as well (R40).
class OutgoingPool {
  public:
    /// References outlive this. The address to connect from is that of the target's listener where
    /// it has a specific one.
    OutgoingPool(const StreamSurroundings& surroundings, Connections& connections,
                 const FlowSettings& settings);
    OutgoingPool(const OutgoingPool&) = delete;
    OutgoingPool& operator=(const OutgoingPool&) = delete;

    /// Answers by exactly one Connected{ticket} in the own inbox, at the latest after `timeout`,
    /// which covers TCP and all handshakes. A setting-up lasts as long as somebody waits for it.
    void connect(const ConnectTarget& target, std::chrono::milliseconds timeout, Ticket ticket);

    [[nodiscard]] LentConnections& lent() noexcept { return lent_; }

    /// Of connections from now on.
    void set_limits(const StreamLimits& limits) { surroundings_.limits = limits; }

    /// Ends all setting-up; who waits gets `why`. Open connections are not touched.
    void close(Error why);

  private:
    struct Waiter {
        Ticket ticket = 0;
        Deadline::Clock::time_point until;
    };
    struct Dial {
        Dial(boost::asio::io_context& io, std::function<void()> due)
            : attempt(io)
            , earliest(io, std::move(due)) {}
        Attempt attempt;
        Deadline earliest; ///< of the waiters' deadlines
        std::vector<Waiter> waiters;
    };
    struct Entry {
        std::shared_ptr<Dial> dial; ///< null once it is open
        Flow open;
    };
    struct TargetHash {
        std::size_t operator()(const ConnectTarget& target) const noexcept;
    };

    void borrow_or_begin(const ConnectTarget& target, const Waiter& waiter);
    void begin(const ConnectTarget& target, const Waiter& waiter);
    void answer_due(const ConnectTarget& target);
    boost::asio::awaitable<void> run(ConnectTarget target, std::shared_ptr<Dial> dial);
    boost::asio::awaitable<Result<Opened>> reach(ConnectTarget target);
    Result<ByteStream> dress(const ConnectTarget& target,
                             boost::asio::ip::tcp::socket socket) const;
    boost::system::error_code prepare(const ConnectTarget& target,
                                      boost::asio::ip::tcp::socket& socket) const;
    void answer(const std::vector<Waiter>& waiters, const Result<Flow>& outcome);

    StreamSurroundings surroundings_;
    Connections* connections_;
    const FlowSettings* settings_;
    std::unordered_map<ConnectTarget, Entry, TargetHash> entries_;
    LentConnections lent_;
};

} // namespace roundabout::transport
