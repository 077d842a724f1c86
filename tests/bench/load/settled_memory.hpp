#pragma once

#include "bench/load/process.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>

namespace roundabout::load {

/// The process's memory, in bytes, once it has not grown between two looks.
[[nodiscard]] boost::asio::awaitable<std::uint64_t> settled_memory(boost::asio::io_context& io,
                                                                   pid_t process);

} // namespace roundabout::load
