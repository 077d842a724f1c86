#pragma once

#include "bench/load/options.hpp"

#include <memory>

namespace roundabout::load {

/// A link of the calling side, by whatever transport, from the address that the link of that number
/// has. Throws if it cannot be opened.
[[nodiscard]] asio::awaitable<LinkPtr> open_link(asio::io_context& io, const Options& options,
                                                 std::size_t number, Link::Taker taker);

/// The called side: listens at `place`, by the options' transport. The result must live on.
[[nodiscard]] LinkPtr listen_callee(asio::io_context& io, const Place& place,
                                    const Options& options, const Link::Taker& taker);

/// An SDP body of about that size.
[[nodiscard]] std::string session_description(std::size_t size);

} // namespace roundabout::load
