// What a client sends after its handshake, into the real stream over a socket pair: the messages
// that come out must be those that a plain reading of RFC 6455 finds, and the stream must end.

#include "transport/utf8.hpp"
#include "transport/websocket_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace roundabout;
using namespace roundabout::transport;

namespace {

namespace asio = boost::asio;

constexpr std::size_t message_limit = 600;
constexpr std::size_t input_limit = std::size_t{64} * 1024; // fits into the socket's buffer
constexpr std::string_view opening = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                     "Sec-WebSocket-Protocol: sip\r\n\r\n";

void require(bool condition) {
    if (!condition)
        std::abort();
}

struct Header {
    bool fin = false;
    unsigned opcode = 0;
    std::size_t size = 0;
};

/// Reads frames as RFC 6455 §5.2 draws them; ends at the first that breaks a rule or is not whole.
class Reading {
  public:
    explicit Reading(std::string_view bytes)
        : rest_(bytes) {}

    std::vector<std::string> messages() {
        std::vector<std::string> all;
        while (const auto header = next_header()) {
            if (header->opcode >= 8) {
                if (rest_.size() < header->size || header->opcode == 8)
                    break;
                rest_.remove_prefix(header->size);
                continue;
            }
            if (!take_data(*header))
                break;
            if (!header->fin)
                continue;
            if (text_ && !is_utf8(message_))
                break;
            all.push_back(std::exchange(message_, {}));
            within_ = false;
        }
        return all;
    }

  private:
    static constexpr std::size_t key_size = 4;

    [[nodiscard]] unsigned byte(std::size_t at) const {
        return static_cast<unsigned char>(rest_[at]);
    }

    std::optional<Header> next_header() {
        if (rest_.size() < 2)
            return std::nullopt;
        Header header{(byte(0) & 0x80U) != 0, byte(0) & 0x0FU, byte(1) & 0x7FU};
        const bool reserved = (byte(0) & 0x70U) != 0;
        const bool masked = (byte(1) & 0x80U) != 0;
        const bool control = header.opcode >= 8;
        const bool known = header.opcode <= 2 || (header.opcode >= 8 && header.opcode <= 10);
        if (reserved || !masked || !known || (control && (!header.fin || header.size > 125)))
            return std::nullopt;
        if (!control && (header.opcode == 0) != within_)
            return std::nullopt;
        const std::size_t more = header.size == 126 ? 2 : header.size == 127 ? 8 : 0;
        if (rest_.size() < 2 + more + key_size)
            return std::nullopt;
        if (more != 0) {
            std::uint64_t size = 0;
            for (std::size_t i = 0; i < more; ++i)
                size = size << 8U | byte(2 + i);
            if (size < (more == 2 ? 126U : 65536U)) // §5.2: the minimal number of bytes
                return std::nullopt;
            header.size = size;
        }
        for (std::size_t i = 0; i < key_size; ++i)
            key_[i] = rest_[2 + more + i];
        rest_.remove_prefix(2 + more + key_size);
        return header;
    }

    bool take_data(const Header& header) {
        if (header.opcode != 0)
            text_ = header.opcode == 1;
        within_ = true;
        if (message_.size() + header.size > message_limit || rest_.size() < header.size)
            return false;
        for (std::size_t i = 0; i < header.size; ++i)
            message_ += static_cast<char>(rest_[i] ^ key_[i % key_size]);
        rest_.remove_prefix(header.size);
        return true;
    }

    std::string_view rest_;
    std::array<char, key_size> key_{};
    std::string message_;
    bool text_ = false;
    bool within_ = false; ///< a message whose last fragment has not come
};

struct Outcome {
    bool accepted = false;
    bool over = false;
    std::vector<std::string> messages;
};

asio::awaitable<void> serve(ByteStream bytes, Outcome& outcome) {
    WebSocketRules rules;
    rules.limits.message = message_limit;
    auto accepted = co_await accept_websocket(std::move(bytes), std::move(rules));
    require(accepted.has_value());
    outcome.accepted = true;
    for (;;) {
        Result<Frame> frame = co_await (*accepted)->read();
        if (!frame)
            break;
        outcome.messages.push_back(std::move(frame->bytes));
    }
    (*accepted)->close();
    outcome.over = true;
}

void put(int socket, std::string_view bytes) {
    require(::write(socket, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > input_limit)
        return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    std::array<int, 2> ends{};
    require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    asio::io_context io{1};
    // Read and written like any stream socket; a pair costs no port.
    ByteStream::Socket socket(io, asio::ip::tcp::v4(), ends[0]);
    Outcome outcome;
    asio::co_spawn(io, serve(ByteStream::plain(std::move(socket)), outcome), asio::detached);
    put(ends[1], opening);
    while (!outcome.accepted)
        io.run_one();
    if (!input.empty())
        put(ends[1], input);
    ::shutdown(ends[1], SHUT_WR);
    io.run_for(std::chrono::seconds(20));
    require(outcome.over);
    require(outcome.messages == Reading(input).messages());
    ::close(ends[1]);
    return 0;
}
