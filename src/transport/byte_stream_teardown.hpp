#pragma once

// What Beast's WebSocket asks of a stream type of one's own. Found by argument-dependent lookup.

#include "transport/byte_stream.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>

#include <utility>

namespace roundabout::transport {

/// After the close frames: says that nothing more will be sent. Doesn't wait for the peer; whoever
/// owns the connection closes it.
template <class Done>
void async_teardown(boost::beast::role_type /*role*/, ByteStream& stream, Done&& done) {
    stream.shutdown_send();
    boost::asio::post(stream.get_executor(), boost::beast::bind_handler(std::forward<Done>(done),
                                                                        ByteStream::ErrorCode()));
}

/// For Beast's timeouts.
inline void beast_close_socket(ByteStream& stream) noexcept { stream.close(); }

} // namespace roundabout::transport
