#include "bench/load/calls.hpp"
#include "bench/load/parties.hpp"
#include "bench/load/process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include <exception>
#include <vector>

namespace roundabout::load {
namespace {

constexpr auto look_again = std::chrono::milliseconds(300);
constexpr int looks = 30;

/// The process's memory, once it has not grown between two looks.
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

asio::awaitable<void> open_links(asio::io_context& io, const Options& options, std::size_t count,
                                 std::vector<LinkPtr>& links) {
    const Link::Taker nothing = [](Link& /*link*/, std::string_view /*message*/) {};
    for (std::size_t i = 0; i < count; ++i) {
        LinkPtr link = co_await open_link(io, options, nothing);
        links.push_back(std::move(link));
    }
}

/// The first tenth of the connections pays for what is allocated once; the others are measured.
asio::awaitable<void> measure(asio::io_context& io, const Options& options,
                              std::vector<LinkPtr>& links) {
    co_await open_links(io, options, options.idle / 10, links);
    const std::uint64_t before = co_await settled_memory(io, options.process);
    co_await open_links(io, options, options.idle, links);
    const std::uint64_t after = co_await settled_memory(io, options.process);
    const double grown = static_cast<double>(after) - static_cast<double>(before);
    fmt::print(R"({{"connections": {}, "before": {}, "after": {}, "bytes_each": {:.0f}}})"
               "\n",
               options.idle, before, after, grown / static_cast<double>(options.idle));
}

} // namespace

int run_idle(const Options& options) {
    asio::io_context io(1);
    std::vector<LinkPtr> links;
    asio::co_spawn(io, measure(io, options, links), [&io](const std::exception_ptr& failure) {
        if (failure)
            std::rethrow_exception(failure);
        io.stop();
    });
    io.run();
    return 0;
}

} // namespace roundabout::load
