#include "bench/load/settled_memory.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace roundabout::load {

namespace asio = boost::asio;

namespace {
constexpr auto look_again = std::chrono::milliseconds(300);
constexpr int looks = 30;
} // namespace

asio::awaitable<std::uint64_t> settled_memory(asio::io_context& io, pid_t process) {
    std::uint64_t seen = usage_of(process).memory;
    asio::steady_timer timer(io);
    for (int i = 0; i < looks; ++i) {
        timer.expires_after(look_again);
        co_await timer.async_wait(asio::use_awaitable);
        const std::uint64_t now = usage_of(process).memory;
        if (now == seen)
            break;
        seen = now;
    }
    co_return seen;
}

} // namespace roundabout::load
