#include "transport/byte_stream.hpp"

#include "transport/socket_bio.hpp"
#include "transport/tls_peer.hpp"

#include <boost/asio/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <new>
#include <optional>
#include <span>

namespace roundabout::transport {
namespace {

namespace asio = boost::asio;

/// The payload of one TLS record (RFC 8446 §5.1).
constexpr std::size_t record_size = std::size_t{16} * 1024;

/// Before each call whose outcome is asked for: what it leaves behind must be its own.
void forget_errors() noexcept {
    ERR_clear_error();
    errno = 0;
}

std::size_t join(std::span<const asio::const_buffer> from, std::span<char> into) noexcept {
    std::size_t used = 0;
    for (const asio::const_buffer& buffer : from) {
        const std::size_t size = std::min(buffer.size(), into.size() - used);
        std::memcpy(into.data() + used, buffer.data(), size);
        used += size;
    }
    return used;
}

} // namespace

void ByteStream::FreeSsl::operator()(ssl_st* ssl) const noexcept { SSL_free(ssl); }

ByteStream ByteStream::plain(Socket socket) { return ByteStream(std::move(socket)); }

ByteStream ByteStream::with_tls(Socket socket, const TlsContext& context) {
    ByteStream stream(std::move(socket));
    ErrorCode ignored; // a socket that can't be non-blocking fails at its first use
    stream.socket_.native_non_blocking(true, ignored);
    stream.ssl_.reset(SSL_new(context.native()));
    if (!stream.ssl_)
        throw std::bad_alloc();
    BIO* bio = make_socket_bio(stream.socket_.native_handle());
    SSL_set_bio(stream.ssl_.get(), bio, bio);
    return stream;
}

ByteStream ByteStream::tls_server(Socket socket, const TlsContext& context) {
    ByteStream stream = with_tls(std::move(socket), context);
    SSL_set_accept_state(stream.ssl_.get());
    return stream;
}

ByteStream ByteStream::tls_client(Socket socket, const TlsContext& context, std::string name) {
    ByteStream stream = with_tls(std::move(socket), context);
    SSL_set_connect_state(stream.ssl_.get());
    // An address is not sent as SNI (RFC 6066 §3).
    if (!name.empty() && !IpAddress::parse(name))
        SSL_set_tlsext_host_name(stream.ssl_.get(), name.c_str());
    stream.expected_name_ = std::make_unique<std::string>(std::move(name));
    return stream;
}

ByteStream::ByteStream(ByteStream&& other) noexcept = default;

ByteStream& ByteStream::operator=(ByteStream&& other) noexcept {
    if (this != &other) {
        close();
        socket_ = std::move(other.socket_);
        ssl_ = std::move(other.ssl_);
        expected_name_ = std::move(other.expected_name_);
        failure_ = other.failure_;
        bytes_read_ = other.bytes_read_;
        cancels_ = other.cancels_;
        established_ = other.established_;
    }
    return *this;
}

ByteStream::~ByteStream() { close(); }

ByteStream::Attempt ByteStream::try_handshake() {
    if (!is_open())
        return {Need::nothing, 0, asio::error::operation_aborted};
    forget_errors();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1)
        return outcome_of(result);
    established_ = true;
    return {Need::nothing, 0, judge_peer()};
}

std::span<char> ByteStream::passing_space() noexcept {
    thread_local std::array<char, record_size> space;
    return space;
}

ByteStream::Attempt ByteStream::try_read_plain(void* into, std::size_t size) noexcept {
    const ssize_t count = ::recv(socket_.native_handle(), into, size, MSG_DONTWAIT);
    if (count > 0)
        return {Need::nothing, static_cast<std::size_t>(count), {}};
    if (count == 0)
        return {Need::nothing, 0, asio::error::eof};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return {Need::readable, 0, {}};
    return {Need::nothing, 0, ErrorCode(errno, asio::error::get_system_category())};
}

ByteStream::Attempt ByteStream::try_read(void* into, std::size_t size) {
    if (!is_open())
        return {Need::nothing, 0, asio::error::operation_aborted};
    if (!ssl_)
        return try_read_plain(into, size);
    forget_errors();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), into, size, &count);
    if (was_renegotiation_refused(ssl_.get()))
        return {Need::nothing, 0, make_error_code(Error::renegotiation)};
    return result == 1 ? Attempt{Need::nothing, count, {}} : outcome_of(result);
}

ByteStream::Attempt ByteStream::try_write(const Gather& from, std::size_t count) {
    if (!is_open())
        return {Need::nothing, 0, asio::error::operation_aborted};
    if (count == 0)
        return {};
    const void* bytes = from[0].data();
    std::size_t size = from[0].size();
    // The peer of a try that must be repeated sees the same bytes again: the buffers are the same,
    // and OpenSSL accepts that they have moved.
    if (count > 1 && size < record_size) { // several small ones leave as one record
        const std::span<char> space = passing_space();
        size = join(std::span(from).first(count), space);
        bytes = space.data();
    }
    forget_errors();
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes, size, &written);
    return result == 1 ? Attempt{Need::nothing, written, {}} : outcome_of(result);
}

ByteStream::Attempt ByteStream::outcome_of(int result) {
    const int system_error = errno;
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return {Need::readable, 0, {}};
    case SSL_ERROR_WANT_WRITE:
        return {Need::writable, 0, {}};
    case SSL_ERROR_ZERO_RETURN:
        return {Need::nothing, 0, asio::error::eof};
    case SSL_ERROR_SYSCALL: {
        established_ = false;
        if (system_error == 0)
            return {Need::nothing, 0, asio::error::connection_reset};
        return {Need::nothing, 0, ErrorCode(system_error, asio::error::get_system_category())};
    }
    default:
        break;
    }
    const bool in_handshake = !established_;
    established_ = false;
    const unsigned long reason = ERR_peek_error();
    if (ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return {Need::nothing, 0, asio::error::connection_reset};
    failure_ = ERR_reason_error_string(reason);
    if (!in_handshake)
        return {Need::nothing, 0, asio::error::connection_aborted};
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (expected_name_ && verdict != X509_V_OK) {
        failure_ = X509_verify_cert_error_string(verdict);
        return {Need::nothing, 0, make_error_code(Error::peer_unverified)};
    }
    return {Need::nothing, 0, make_error_code(Error::handshake_failed)};
}

ByteStream::ErrorCode ByteStream::judge_peer() {
    if (!expected_name_)
        return {};
    const std::unique_ptr<std::string> name = std::move(expected_name_);
    if (const auto verified = verify_peer_name(ssl_.get(), *name); !verified)
        return verified.error();
    return {};
}

std::size_t ByteStream::write_now(std::string_view bytes) noexcept {
    if (!is_open() || bytes.empty())
        return 0;
    if (!ssl_) {
        const ssize_t count = ::send(socket_.native_handle(), bytes.data(), bytes.size(),
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
        return count < 0 ? 0 : static_cast<std::size_t>(count);
    }
    if (!established_)
        return 0;
    forget_errors();
    std::size_t written = 0;
    return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1 ? written : 0;
}

void ByteStream::shutdown_send() noexcept {
    if (!is_open())
        return;
    if (ssl_ && established_) {
        forget_errors();
        SSL_shutdown(ssl_.get());
    }
    ErrorCode ignored; // the peer may be gone already
    socket_.shutdown(Socket::shutdown_send, ignored);
}

void ByteStream::cancel() noexcept {
    ++cancels_;
    ErrorCode ignored;
    socket_.cancel(ignored);
}

void ByteStream::close() noexcept {
    if (!is_open())
        return;
    ++cancels_;
    shutdown_send();
    ErrorCode ignored;
    socket_.close(ignored);
}

SubjectNames ByteStream::peer_names() const {
    return ssl_ ? verified_names(ssl_.get()) : SubjectNames();
}

} // namespace roundabout::transport
