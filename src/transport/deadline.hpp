#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace roundabout::transport {

/// Calls once, at a time that may be moved. Moving it later costs a store: the timer below looks at
/// the time only when it fires. For "close this if nothing happens until then". One worker's
/// thread.
class Deadline {
  public:
    using Clock = std::chrono::steady_clock;

    /// `expired` is called from the io_context; never after this object is gone.
    Deadline(boost::asio::io_context& io, std::function<void()> expired);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    void set(Clock::time_point at);
    void set(std::chrono::milliseconds from_now) { set(Clock::now() + from_now); }
    /// No deadline until the next set().
    void clear() noexcept;
    /// True once it has called; set() begins anew.
    [[nodiscard]] bool expired() const noexcept;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace roundabout::transport
