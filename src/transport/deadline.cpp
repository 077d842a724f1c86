#include "transport/deadline.hpp"

#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace roundabout::transport {
namespace asio = boost::asio;

/// Outlives the Deadline by the timer's last handler.
struct Deadline::State {
    State(asio::io_context& io, std::function<void()> call)
        : timer(io)
        , call_expired(std::move(call)) {}

    static void wait(const std::shared_ptr<State>& self, Clock::time_point until) {
        self->armed = until;
        self->timer.expires_at(until); // cancels an earlier wait
        self->timer.async_wait([self](const boost::system::error_code& error) {
            if (!error)
                fired(self);
        });
    }

    static void fired(const std::shared_ptr<State>& self) {
        // A wait that was replaced after its handler was queued comes here too early.
        if (self->armed > Clock::now())
            return;
        self->armed = Clock::time_point::max();
        if (self->at == Clock::time_point::max())
            return;
        if (self->at > Clock::now()) {
            wait(self, self->at);
            return;
        }
        self->at = Clock::time_point::max();
        self->expired = true;
        const auto call = self->call_expired; // the Deadline may go while it runs
        if (call)
            call();
    }

    asio::steady_timer timer;
    std::function<void()> call_expired;
    Clock::time_point at = Clock::time_point::max();    ///< when to call
    Clock::time_point armed = Clock::time_point::max(); ///< when the timer fires; max: it is idle
    bool expired = false;
};

Deadline::Deadline(asio::io_context& io, std::function<void()> expired)
    : state_(std::make_shared<State>(io, std::move(expired))) {}

Deadline::~Deadline() {
    state_->at = Clock::time_point::max();
    state_->call_expired = nullptr;
    state_->timer.cancel();
}

void Deadline::set(Clock::time_point at) {
    state_->expired = false;
    state_->at = at;
    if (at < state_->armed)
        State::wait(state_, at);
}

void Deadline::clear() noexcept { state_->at = Clock::time_point::max(); }

bool Deadline::expired() const noexcept { return state_->expired; }

} // namespace roundabout::transport
