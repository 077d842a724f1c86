#pragma once

#include "base/endpoint.hpp"
#include "base/error.hpp"

#include <string>
#include <string_view>

namespace roundabout::transport {

/// The response to a request whose end could not be found in its stream, before the connection is
/// closed: 513 for message_too_large (RFC 3261 §21.5.14), else 400 with the error's sentence.
/// `head` is what was read of it, `remote` where it came from. Empty where none is owed or
/// possible: a response, an ACK, no Via, or an error that is not about the bytes. Pure.
[[nodiscard]] std::string last_words(std::string_view head, Error why, const Endpoint& remote);

} // namespace roundabout::transport
