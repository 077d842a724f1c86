#pragma once

#include <openssl/types.h>

namespace roundabout::transport {

/// A source and sink for OpenSSL over a non-blocking socket that it doesn't own. OpenSSL's own
/// (SSL_set_fd) writes with write(), so that a peer gone away would raise SIGPIPE. The caller owns
/// the result. Throws std::bad_alloc.
[[nodiscard]] bio_st* make_socket_bio(int socket);

} // namespace roundabout::transport
