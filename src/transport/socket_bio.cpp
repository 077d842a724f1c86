#include "transport/socket_bio.hpp"

#include <openssl/bio.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>
#include <sys/socket.h>

namespace roundabout::transport {
namespace {

int descriptor(BIO* bio) noexcept {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool would_block(int error) noexcept {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int write_some(BIO* bio, const char* bytes, std::size_t size, std::size_t* written) {
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::send(descriptor(bio), bytes, size, MSG_NOSIGNAL);
    if (count < 0) {
        if (would_block(errno))
            BIO_set_retry_write(bio);
        return 0;
    }
    *written = static_cast<std::size_t>(count);
    return 1;
}

int read_some(BIO* bio, char* into, std::size_t size, std::size_t* read) {
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::recv(descriptor(bio), into, size, 0);
    if (count > 0) {
        *read = static_cast<std::size_t>(count);
        return 1;
    }
    if (count == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    else if (would_block(errno))
        BIO_set_retry_read(bio);
    return 0;
}

long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
    switch (command) {
    case BIO_CTRL_EOF:
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    case BIO_CTRL_FLUSH:
        return 1;
    default:
        return 0;
    }
}

BIO_METHOD* make_method() {
    BIO_METHOD* method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "roundabout socket");
    if (method == nullptr || BIO_meth_set_write_ex(method, write_some) != 1 ||
        BIO_meth_set_read_ex(method, read_some) != 1 || BIO_meth_set_ctrl(method, control) != 1)
        throw std::bad_alloc();
    return method;
}

} // namespace

bio_st* make_socket_bio(int socket) {
    static const BIO_METHOD* const method = make_method();
    BIO* bio = BIO_new(method);
    if (bio == nullptr)
        throw std::bad_alloc();
    // OpenSSL keeps one pointer for us; the descriptor fits into it.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): never dereferenced
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
    BIO_set_init(bio, 1);
    return bio;
}

} // namespace roundabout::transport
