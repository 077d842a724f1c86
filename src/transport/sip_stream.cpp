#include "transport/sip_stream.hpp"

#include "transport/no_throw.hpp"
#include "transport/socket_address.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace roundabout::transport {
namespace asio = boost::asio;

SipStream::SipStream(asio::io_context& io, ByteStream stream, const StreamLimits& limits)
    : stream_(std::move(stream))
    , framer_({limits.header, limits.message})
    , unfinished_(limits.unfinished)
    , idle_(limits.idle)
    , deadline_(io, [this] {
        late_in_message_ = framer_.in_message();
        stream_.close();
    }) {}

asio::awaitable<Result<Frame>> SipStream::read() {
    for (;;) {
        sip::Framer::Event event = framer_.next();
        if (auto* cut = std::get_if<sip::Framer::Cut>(&event)) {
            begun_ = Deadline::Clock::time_point::max();
            Frame frame{Frame::Kind::message, std::move(cut->bytes)};
            co_return frame;
        }
        if (const auto* ping = std::get_if<sip::Framer::Ping>(&event)) {
            Frame frame{Frame::Kind::ping, {}, ping->after_pong};
            co_return frame;
        }
        if (std::holds_alternative<sip::Framer::Pong>(event)) {
            Frame frame{Frame::Kind::pong, {}};
            co_return frame;
        }
        if (auto* broken = std::get_if<sip::Framer::Broken>(&event)) {
            broken_head_ = std::move(broken->head);
            co_return broken->error;
        }
        set_deadline();
        const auto push = [this](std::string_view bytes) { framer_.push(bytes); };
        const auto [error, count] = co_await stream_.async_read_to(push, no_throw);
        if (error)
            co_return why_ended(error);
    }
}

// Later deadlines cost no timer; only a message that comes in pieces brings the deadline forward.
void SipStream::set_deadline() {
    const auto now = Deadline::Clock::now();
    heard_ = now;
    if (!framer_.in_message()) {
        begun_ = Deadline::Clock::time_point::max();
        deadline_.set(now + idle_);
        return;
    }
    begun_ = std::min(begun_, now);
    deadline_.set(begun_ + unfinished_);
}

Error SipStream::why_ended(const boost::system::error_code& code) const noexcept {
    if (deadline_.expired())
        return late_in_message_ ? Error::header_timeout : Error::idle_timeout;
    if (code == asio::error::operation_aborted)
        return Error::flow_closed;
    return to_transport_error(code, Error::flow_closed);
}

asio::awaitable<Result<void>> SipStream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto buffer = asio::buffer(bytes.data(), bytes.size());
        const auto [error, count] = co_await stream_.async_write_some(buffer, no_throw);
        if (error)
            co_return why_ended(error);
        bytes.remove_prefix(count);
    }
    Result<void> written;
    co_return written;
}

void SipStream::close() noexcept {
    deadline_.clear();
    stream_.close();
}

} // namespace roundabout::transport
