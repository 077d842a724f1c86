#pragma once

#include "base/subject_names.hpp"
#include "transport/tls_context.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <openssl/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace roundabout::transport {

/// A TCP connection, plain or TLS, as one Asio stream type (AsyncReadStream, AsyncWriteStream), so
/// that whatever is a template over its stream is compiled once.
///
/// TLS runs on the socket's own descriptor, which is non-blocking; an idle connection holds no
/// record buffers. One read and one write may be pending at the same time, the handshake alone.
/// The stream must outlive its pending operations and be moved only while there are none. All on
/// one thread.
///
/// Errors beside the socket's: asio::error::eof (close_notify, or the end of a plain stream),
/// connection_reset (the peer's end without close_notify), operation_aborted (cancel(), close(),
/// cancellation of the operation), and of our own Error::handshake_failed (any fatal TLS error),
/// peer_unverified, peer_name_mismatch, renegotiation (the peer asked for it, which is refused).
class ByteStream {
  public:
    using Socket = boost::asio::ip::tcp::socket;
    using executor_type = Socket::executor_type;
    using ErrorCode = boost::system::error_code;

    /// A connected socket without TLS; its handshake succeeds at once.
    [[nodiscard]] static ByteStream plain(Socket socket);
    /// The accepting side of TLS.
    [[nodiscard]] static ByteStream tls_server(Socket socket, const TlsContext& context);
    /// The opening side of TLS. The handshake fails with peer_unverified unless the certificate
    /// leads to a known authority, and with peer_name_mismatch unless it proves `name` (see
    /// proves_name). A host name is also sent as SNI.
    [[nodiscard]] static ByteStream tls_client(Socket socket, const TlsContext& context,
                                               std::string name);

    ByteStream(ByteStream&& other) noexcept;
    ByteStream& operator=(ByteStream&& other) noexcept;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    /// Closes.
    ~ByteStream();

    [[nodiscard]] executor_type get_executor() noexcept { return socket_.get_executor(); }
    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] bool is_tls() const noexcept { return ssl_ != nullptr; }
    [[nodiscard]] const Socket& socket() const noexcept { return socket_; }
    /// For socket options only; reading, writing and cancelling go through the stream.
    [[nodiscard]] Socket& socket() noexcept { return socket_; }

    /// TLS only, once, before anything else. Signature: void(error_code).
    template <class Token>
    auto async_handshake(Token&& token);

    /// At least one byte, or an error. Signature: void(error_code, std::size_t).
    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token);

    /// Reads at most a TLS record's payload; what came is handed to `sink(std::string_view)` before
    /// the completion, from a space that all connections of the thread share, so that one that
    /// waits holds none. `sink` is copied, and must not use the stream; what it throws becomes the
    /// error no_memory. Signature:
    /// void(error_code, std::size_t).
    template <class Sink, class Token>
    auto async_read_to(Sink sink, Token&& token);

    /// At least one byte, or an error. After a write that was cancelled only close() makes sense.
    /// Signature: void(error_code, std::size_t).
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token);

    /// Writes what the socket takes now and returns how many bytes that were; for last words when
    /// no write is pending. Never waits, reports no error.
    std::size_t write_now(std::string_view bytes) noexcept;

    /// Says that nothing more will be sent: close_notify where there is TLS (if the socket takes it
    /// now), then FIN. Reading goes on.
    void shutdown_send() noexcept;

    /// Bytes read so far, above TLS.
    [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }

    /// Pending operations end with operation_aborted.
    void cancel() noexcept;

    /// shutdown_send(), then closes the descriptor, all without waiting. Pending operations end
    /// with operation_aborted. Harmless if repeated.
    void close() noexcept;

    /// The names that the peer proved by a certificate that verified; empty without TLS, without
    /// certificate, or when it did not verify.
    [[nodiscard]] SubjectNames peer_names() const;

    /// What OpenSSL said about the last failure, for a log line; empty if there was none.
    [[nodiscard]] std::string_view failure() const noexcept {
        return failure_ != nullptr ? std::string_view(failure_) : std::string_view();
    }

  private:
    enum class Need : std::uint8_t { nothing, readable, writable };
    /// The outcome of trying once without waiting. `need` other than nothing: try again then.
    struct Attempt {
        Need need = Need::nothing;
        std::size_t bytes = 0;
        ErrorCode error;
    };
    /// Enough for a WebSocket header and its payload, and for the rows of an HTTP answer; what lies
    /// beyond is written next time.
    static constexpr std::size_t most_buffers = 16;
    using Gather = std::array<boost::asio::const_buffer, most_buffers>;

    template <class Operation>
    struct Waiting;
    struct Handshaking;
    template <class Buffers>
    struct Reading;
    template <class Sink>
    struct Passing;
    template <class Buffers>
    struct Writing;

    /// For what goes through within one call: the bytes of a record.
    static std::span<char> passing_space() noexcept;

    explicit ByteStream(Socket socket) noexcept
        : socket_(std::move(socket)) {}
    static ByteStream with_tls(Socket socket, const TlsContext& context);

    Attempt try_handshake();
    Attempt try_read(void* into, std::size_t size);
    Attempt try_read_plain(void* into, std::size_t size) noexcept;
    Attempt try_write(const Gather& from, std::size_t count);
    Attempt outcome_of(int result);
    ErrorCode judge_peer();

    struct FreeSsl {
        void operator()(ssl_st* ssl) const noexcept;
    };

    Socket socket_;
    std::unique_ptr<ssl_st, FreeSsl> ssl_;
    std::unique_ptr<std::string> expected_name_; ///< tls_client, until the handshake is over
    const char* failure_ = nullptr;              ///< static text of OpenSSL's
    std::uint64_t bytes_read_ = 0;
    std::uint32_t cancels_ = 0; ///< tells a waiting operation that it was cancelled after waking
    bool established_ = false;  ///< handshake done and no fatal error since: close_notify is due
};

} // namespace roundabout::transport

#include "transport/byte_stream_operations.hpp"
