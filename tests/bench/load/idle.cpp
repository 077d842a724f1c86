#include "bench/load/calls.hpp"
#include "bench/load/parties.hpp"
#include "bench/load/settled_memory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/core.h>

#include <exception>
#include <vector>

namespace roundabout::load {
namespace {

asio::awaitable<void> open_links(asio::io_context& io, const Options& options, std::size_t count,
                                 std::vector<LinkPtr>& links) {
    const Link::Taker nothing = [](Link& /*link*/, std::string_view /*message*/) {};
    for (std::size_t i = 0; i < count; ++i) {
        LinkPtr link = co_await open_link(io, options, i, nothing);
        links.push_back(std::move(link));
    }
}

/// The first tenth of the connections pays for what is allocated once; the others are measured.
asio::awaitable<void> measure(asio::io_context& io, const Options& options,
                              std::vector<LinkPtr>& links) {
    co_await open_links(io, options, options.idle / 10, links);
    const std::uint64_t before = co_await settled_memory(io, options.process);
    const auto cpu_before = usage_of(options.process).cpu;
    co_await open_links(io, options, options.idle, links);
    const auto cpu_after = usage_of(options.process).cpu;
    const std::uint64_t after = co_await settled_memory(io, options.process);
    const auto count = static_cast<double>(options.idle);
    const double grown = static_cast<double>(after) - static_cast<double>(before);
    fmt::print(R"({{"connections": {}, "before": {}, "after": {}, "bytes_each": {:.0f}, )"
               R"("handshake_us": {:.0f}}})"
               "\n",
               options.idle, before, after, grown / count,
               static_cast<double>((cpu_after - cpu_before).count()) / count);
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
