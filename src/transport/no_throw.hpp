#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace roundabout::transport {

/// Completion token of every operation awaited in this room: the error comes as the first element
/// of a tuple, not as an exception.
inline constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);

} // namespace roundabout::transport
