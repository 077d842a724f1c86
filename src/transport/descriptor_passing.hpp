#pragma once

#include "transport/descriptor.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::transport {

/// How many descriptors go with one record (SCM_MAX_FD of unix(7)).
inline constexpr std::size_t most_descriptors = 253;

/// Sends `bytes`, at least one, over a Unix socket, at once, and second descriptors of
/// `descriptors` with them (SCM_RIGHTS, unix(7)). Over a stream all bytes, or none. False with
/// errno set if the socket does not take them; one that does not block says EAGAIN. Any thread: a
/// record is never mixed with another one.
[[nodiscard]] bool send_record(int socket, std::string_view bytes,
                               std::span<const int> descriptors = {}) noexcept;

struct Record {
    std::string bytes; ///< empty: the other end is closed
    std::vector<Descriptor> descriptors;
};

/// The next record, or on a stream what has come of it. False with errno set: none, or one that is
/// longer than `most` or came with more descriptors than could be taken (EMSGSIZE).
[[nodiscard]] bool receive_record(int socket, std::size_t most, Record& into);

} // namespace roundabout::transport
