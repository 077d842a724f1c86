#pragma once

#include "proxy/services.hpp"
#include "transport/worker_flows.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace roundabout::admin {

/// What is done with one worker's own things, on its thread.
using OnWorker = std::function<void(proxy::Services&, transport::WorkerFlows&)>;

/// Has it done soon; never, once the worker has stopped. From any thread.
using WorkerCall = std::function<void(OnWorker)>;

/// How long a worker may take to answer.
inline constexpr std::chrono::seconds worker_patience{2};

/// An answer that comes from another thread: waited for on the io_context's own, given by whoever
/// has the promise, once. A promise that is dropped is an answer too: there will be none.
template <class T>
class Awaited {
    struct State {
        explicit State(boost::asio::io_context& context)
            : io(context)
            , timer(context) {}
        boost::asio::io_context& io;
        boost::asio::steady_timer timer;
        std::optional<T> value;
        bool over = false;
    };

  public:
    class Promise {
      public:
        explicit Promise(std::shared_ptr<State> state)
            : state_(std::move(state)) {}
        Promise(const Promise&) = delete;
        Promise& operator=(const Promise&) = delete;
        ~Promise() {
            try {
                end(std::nullopt);
            } catch (...) { // no memory for it: whoever waits has a bound of its own
            }
        }
        /// From any thread.
        void give(T value) { end(std::optional<T>(std::move(value))); }

      private:
        void end(std::optional<T> value) {
            if (!state_)
                return;
            boost::asio::io_context& io = state_->io;
            boost::asio::post(
                io, [state = std::exchange(state_, nullptr), value = std::move(value)]() mutable {
                    state->value = std::move(value);
                    state->over = true;
                    state->timer.cancel();
                });
        }
        std::shared_ptr<State> state_;
    };

    explicit Awaited(boost::asio::io_context& io)
        : state_(std::make_shared<State>(io)) {}

    /// Whoever is to answer keeps it. Once.
    [[nodiscard]] std::shared_ptr<Promise> promise() { return std::make_shared<Promise>(state_); }

    /// Nothing if none came in time.
    [[nodiscard]] boost::asio::awaitable<std::optional<T>> take(std::chrono::seconds patience) {
        const std::shared_ptr<State> state = state_;
        state->timer.expires_after(patience);
        if (!state->over)
            co_await state->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        co_return std::move(state->value);
    }

  private:
    std::shared_ptr<State> state_;
};

/// What `question` gives on the worker's thread; nothing if that takes too long. `io` is the
/// caller's, and outlives the worker.
template <class T>
boost::asio::awaitable<std::optional<T>>
ask_worker(boost::asio::io_context& io, WorkerCall worker,
           std::function<T(proxy::Services&, transport::WorkerFlows&)> question) {
    Awaited<T> answer(io);
    worker([promise = answer.promise(), question = std::move(question)](
               proxy::Services& services, transport::WorkerFlows& flows) {
        promise->give(question(services, flows));
    });
    co_return co_await answer.take(worker_patience);
}

} // namespace roundabout::admin
