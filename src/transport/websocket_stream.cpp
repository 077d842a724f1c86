#include "transport/websocket_stream.hpp"

#include "base/ascii.hpp"
#include "transport/byte_stream_teardown.hpp"
#include "transport/deadline.hpp"
#include "transport/utf8.hpp"
#include "transport/websocket_handshake.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace roundabout::transport {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

using ErrorCode = boost::system::error_code;
using Accepted = Result<std::unique_ptr<WebSocketStream>>;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

/// How long a peer that was sent an answer or a close frame has to read it and close, before the
/// connection is closed under it. Closing at once, with bytes of its unread, would reset the
/// connection and could take the answer with it.
constexpr std::chrono::milliseconds linger_time{1'000};

asio::io_context& context_of(ByteStream& stream) {
    // Connections live on a worker's io_context (MessageStream).
    return static_cast<asio::io_context&>(
        asio::query(stream.get_executor(), asio::execution::context));
}

/// Sends FIN, then reads and forgets until the peer closes or `linger_time` has passed; closes.
asio::awaitable<void> linger(ByteStream& stream) {
    Deadline deadline(context_of(stream), [&stream] { stream.close(); });
    deadline.set(linger_time);
    stream.shutdown_send();
    std::array<char, 1024> unread{};
    const asio::mutable_buffer into = asio::buffer(unread);
    for (bool more = true; more;) {
        const auto [error, count] = co_await stream.async_read_some(into, as_tuple);
        more = !error;
    }
    stream.close();
}

Error to_stream_error(const ErrorCode& error) noexcept {
    if (error == websocket::error::message_too_big)
        return Error::message_too_large;
    if (error == beast::error::timeout)
        return Error::idle_timeout;
    if (error == websocket::condition::protocol_violation)
        return Error::bad_frame;
    const Error own = to_error(error);
    return own == Error::none ? Error::flow_closed : own;
}

Frame::Kind kind_of(std::string_view bytes) noexcept {
    if (bytes == "\r\n\r\n")
        return Frame::Kind::ping;
    return bytes.empty() || bytes == "\r\n" ? Frame::Kind::pong : Frame::Kind::message;
}

/// A close frame with status 1001, "going away" (RFC 6455 §7.4.1), not masked and masked with 0.
constexpr std::string_view close_frame("\x88\x02\x03\xE9", 4);
constexpr std::string_view masked_close_frame("\x88\x82\0\0\0\0\x03\xE9", 8);

enum class Side : std::uint8_t { accepting, connecting };

class BeastStream final : public WebSocketStream {
  public:
    using Socket = websocket::stream<ByteStream, false>;

    BeastStream(ByteStream bytes, const WebSocketLimits& limits, Side side)
        : socket_(std::move(bytes))
        , side_(side)
        , unfinished_(limits.unfinished)
        , watch_(context_of(socket_.next_layer()), [this] { look_for_progress(); }) {
        websocket::stream_base::timeout timeout{};
        timeout.handshake_timeout = limits.handshake;
        timeout.idle_timeout = websocket::stream_base::none();
        if (limits.idle.count() > 0)
            timeout.idle_timeout = limits.idle;
        timeout.keep_alive_pings = limits.keepalive;
        socket_.set_option(timeout);
        socket_.read_message_max(limits.message);
        socket_.auto_fragment(false);
        socket_.control_callback(
            [this](websocket::frame_type /*kind*/, beast::string_view payload) {
                control_bytes_ += (side_ == Side::accepting ? 6U : 2U) + payload.size(); // §5.2
            });
    }

    asio::awaitable<Result<Frame>> read() override {
        Frame frame;
        auto into = asio::dynamic_buffer(frame.bytes);
        if (!watching_)
            begin_watch();
        unsigned pieces = 0;
        for (bool whole = false; !whole; ++pieces) {
            const auto [error, count] = co_await socket_.async_read_some(into, 0, as_tuple);
            if (error == websocket::error::message_too_big && !closed_)
                co_await linger(socket_.next_layer());
            if (error)
                co_return late_ ? Error::header_timeout : to_stream_error(error);
            whole = socket_.is_message_done();
            begun_ = !whole;
        }
        settled_ = data_bytes();
        suspected_ = false;
        // Beast lets a last fragment without bytes end a text in the middle of a character.
        if (pieces > 1 && socket_.got_text() && !is_utf8(frame.bytes))
            co_return Error::bad_frame;
        frame.kind = kind_of(frame.bytes);
        co_return std::move(frame);
    }

    asio::awaitable<Result<void>> write(std::string_view bytes) override {
        if (closed_)
            co_return Error::flow_closed;
        socket_.text(is_utf8(bytes));
        const asio::const_buffer from(bytes.data(), bytes.size());
        writing_ = true;
        const auto [error, count] = co_await socket_.async_write(from, as_tuple);
        writing_ = false;
        if (error)
            co_return to_stream_error(error);
        co_return Result<void>();
    }

    void close() noexcept override {
        if (closed_)
            return;
        closed_ = true;
        watch_.clear();
        if (socket_.is_open() && !writing_)
            socket_.next_layer().write_now(side_ == Side::accepting ? close_frame
                                                                    : masked_close_frame);
        socket_.next_layer().close();
    }

    [[nodiscard]] const WebSocketRequest& request() const noexcept override { return request_; }
    [[nodiscard]] const ByteStream& bytes() const noexcept override { return socket_.next_layer(); }

    [[nodiscard]] Socket& socket() noexcept { return socket_; }
    void keep(WebSocketRequest request) noexcept { request_ = std::move(request); }

  private:
    /// Bytes that came outside of control frames; Beast tells of no other frame before a byte of
    /// payload has come.
    [[nodiscard]] std::uint64_t data_bytes() const noexcept {
        return socket_.next_layer().bytes_read() - control_bytes_;
    }

    void begin_watch() {
        watching_ = true;
        settled_ = data_bytes();
        watch_.set(unfinished_);
    }

    /// A message that had been begun by the last time and is not whole now has had its time.
    void look_for_progress() {
        // Of control frames that came in one piece with the last message only now is known.
        settled_ = std::min(settled_, data_bytes());
        const bool begun = begun_ || data_bytes() != settled_;
        if (begun && suspected_) {
            late_ = true;
            socket_.next_layer().close();
            return;
        }
        suspected_ = begun;
        watch_.set(unfinished_);
    }

    Socket socket_;
    WebSocketRequest request_;
    Side side_;
    std::chrono::milliseconds unfinished_;
    Deadline watch_;
    std::uint64_t control_bytes_ = 0; ///< of control frames, headers included
    std::uint64_t settled_ = 0;       ///< data_bytes() when the last message was whole
    bool watching_ = false;
    bool begun_ = false;     ///< part of a message was read
    bool suspected_ = false; ///< a message was under way when it was last looked at
    bool late_ = false;
    bool writing_ = false;
    bool closed_ = false;
};

void sign(http::fields& header, http::field name) {
    header.set(name, "Roundabout");
    header.set(http::field::sec_websocket_protocol, "sip");
}

WebSocketRequest told_by(const HttpRequest& request) {
    WebSocketRequest told;
    told.path = std::string(request.target());
    told.host = std::string(request[http::field::host]);
    told.origin = std::string(request[http::field::origin]);
    return told;
}

/// True where the peer did say something, but nothing that fits; false where it left.
bool is_nonsense(const ErrorCode& error) {
    if (error == http::error::end_of_stream || error == http::error::partial_message)
        return false;
    return error.category() == make_error_code(http::error::bad_method).category() ||
           error.category() == make_error_code(websocket::error::upgrade_declined).category();
}

using HttpParser = http::request_parser<http::empty_body>;

/// How an unreadable request is answered; nothing if the connection ended.
std::optional<HandshakeRefusal> judge_unreadable(const ErrorCode& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        return HandshakeRefusal{431, "The header is too large.", Error::message_too_large};
    if (!is_nonsense(error))
        return std::nullopt;
    return HandshakeRefusal{400, "This is not an HTTP request."};
}

/// Reads the request's header and nothing beyond it. Gives the refusal to answer with, if any;
/// errors as accept_websocket's, where there is nobody left to answer.
asio::awaitable<Result<std::optional<HandshakeRefusal>>>
read_request(ByteStream& stream, const WebSocketRules& rules, HttpParser& parser) {
    Deadline deadline(context_of(stream), [&stream] { stream.close(); });
    deadline.set(rules.limits.handshake);
    parser.header_limit(static_cast<std::uint32_t>(rules.limits.header));
    beast::flat_buffer buffer(rules.limits.header + 1);
    const auto [error, count] = co_await http::async_read_header(stream, buffer, parser, as_tuple);
    if (deadline.expired())
        co_return Error::header_timeout;
    if (error) {
        auto refusal = judge_unreadable(error);
        if (!refusal)
            co_return Error::flow_closed;
        co_return refusal;
    }
    auto refusal = judge_handshake(parser.get(), rules);
    if (!refusal && buffer.size() != 0)
        refusal = HandshakeRefusal{400, "Bytes came before the handshake was answered."};
    co_return refusal;
}

asio::awaitable<void> refuse(ByteStream& stream, const HandshakeRefusal& refusal) {
    Deadline deadline(context_of(stream), [&stream] { stream.close(); });
    deadline.set(linger_time);
    const std::string text = refusal_text(refusal);
    const asio::const_buffer from(text.data(), text.size());
    const auto [error, count] = co_await asio::async_write(stream, from, as_tuple);
    if (!error)
        co_await linger(stream);
}

} // namespace

asio::awaitable<Accepted> accept_websocket(ByteStream stream, WebSocketRules rules) {
    HttpParser parser;
    const auto judged = co_await read_request(stream, rules, parser);
    if (!judged)
        co_return judged.error();
    const std::optional<HandshakeRefusal>& refusal = *judged;
    if (refusal) {
        co_await refuse(stream, *refusal);
        co_return refusal->why;
    }
    auto accepted = std::make_unique<BeastStream>(std::move(stream), rules.limits, Side::accepting);
    WebSocketRequest told = told_by(parser.get());
    told.forwarded_for = *forwarded_for(parser.get(), rules); // judged already
    accepted->keep(std::move(told));
    websocket::stream_base::decorator decorator(
        [](websocket::response_type& answer) { sign(answer, http::field::server); });
    accepted->socket().set_option(std::move(decorator));
    const HttpRequest& request = parser.get();
    const auto [error] = co_await accepted->socket().async_accept(request, as_tuple);
    if (error == beast::error::timeout)
        co_return Error::header_timeout;
    if (error)
        co_return Error::handshake_failed;
    co_return Accepted(std::move(accepted));
}

asio::awaitable<Accepted> connect_websocket(ByteStream stream, std::string host, std::string path,
                                            WebSocketLimits limits) {
    auto connected = std::make_unique<BeastStream>(std::move(stream), limits, Side::connecting);
    websocket::stream_base::decorator decorator(
        [](websocket::request_type& request) { sign(request, http::field::user_agent); });
    connected->socket().set_option(std::move(decorator));
    websocket::response_type answer;
    const auto [error] = co_await connected->socket().async_handshake(answer, host, path, as_tuple);
    if (error == beast::error::timeout)
        co_return Error::connect_timeout;
    if (error)
        co_return is_nonsense(error) ? Error::handshake_failed : Error::flow_closed;
    if (!ascii::iequals(ascii::trim(answer[http::field::sec_websocket_protocol]), "sip")) {
        connected->close();
        co_return Error::subprotocol_missing;
    }
    co_return Accepted(std::move(connected));
}

} // namespace roundabout::transport
