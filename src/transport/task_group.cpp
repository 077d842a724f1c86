#include "transport/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <utility>

namespace roundabout::transport {
namespace asio = boost::asio;

void TaskGroup::spawn(asio::awaitable<void> task) {
    ++running_;
    auto done = [this](const std::exception_ptr& fault) {
        if (fault)
            counters_->unexpected.add();
        ended();
    };
    asio::co_spawn(*io_, std::move(task), std::move(done));
}

void TaskGroup::spawn(asio::awaitable<void> task,
                      std::shared_ptr<asio::cancellation_signal> cancel) {
    ++running_;
    const asio::cancellation_slot slot = cancel->slot();
    auto done = [this, kept = std::move(cancel)](const std::exception_ptr& fault) {
        if (fault)
            counters_->unexpected.add();
        ended();
    };
    asio::co_spawn(*io_, std::move(task), asio::bind_cancellation_slot(slot, std::move(done)));
}

void TaskGroup::post(std::function<void()> call) {
    ++running_;
    asio::post(*io_, [this, call = std::move(call)] {
        call();
        ended();
    });
}

void TaskGroup::when_empty(std::function<void()> emptied) {
    ++running_; // so that this call itself can't be what empties it
    emptied_ = std::move(emptied);
    asio::post(*io_, [this] { ended(); });
}

void TaskGroup::ended() {
    --running_;
    if (running_ == 0 && emptied_)
        std::exchange(emptied_, nullptr)();
}

} // namespace roundabout::transport
