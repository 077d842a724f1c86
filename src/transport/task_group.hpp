#pragma once

#include "transport/counters.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <memory>

namespace roundabout::transport {

/// The owner of one worker's coroutines: each is counted from its start to its end, so that the
/// worker knows when the last one is gone. Used on the worker's own thread; must outlive what it
/// runs.
class TaskGroup {
  public:
    TaskGroup(boost::asio::io_context& io, Counters& counters) noexcept
        : io_(&io)
        , counters_(&counters) {}
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Starts a coroutine. An exception that leaves it ends only it, and is counted.
    void spawn(boost::asio::awaitable<void> task);
    /// The same for one that `cancel` can interrupt (cancellation_type::terminal): what it awaits
    /// then ends with operation_aborted. The signal is kept until the coroutine has ended.
    void spawn(boost::asio::awaitable<void> task,
               std::shared_ptr<boost::asio::cancellation_signal> cancel);
    /// Calls `call` once, after the handlers that are ready now.
    void post(std::function<void()> call);

    [[nodiscard]] boost::asio::io_context& io() const noexcept { return *io_; }
    [[nodiscard]] std::size_t running() const noexcept { return running_; }

    /// `emptied` is called once, from the io_context: when the last task ends, or soon if none
    /// runs. Whoever asks has seen to it that nothing starts any more.
    void when_empty(std::function<void()> emptied);

  private:
    void ended();

    boost::asio::io_context* io_;
    Counters* counters_;
    std::size_t running_ = 0;
    std::function<void()> emptied_;
};

} // namespace roundabout::transport
