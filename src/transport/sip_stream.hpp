#pragma once

#include "sip/framer.hpp"
#include "transport/byte_stream.hpp"
#include "transport/deadline.hpp"
#include "transport/limits.hpp"
#include "transport/message_stream.hpp"

#include <boost/asio/io_context.hpp>

#include <string>
#include <string_view>

namespace roundabout::transport {

/// SIP over TCP or TLS, cut by Content-Length. The stream's handshake, if any, is done.
/// `limits.unfinished` bounds the time from a message's first byte to its last, `limits.idle` the
/// silence between messages.
class SipStream final : public MessageStream {
  public:
    SipStream(boost::asio::io_context& io, ByteStream stream, const StreamLimits& limits);

    boost::asio::awaitable<Result<Frame>> read() override;
    boost::asio::awaitable<Result<void>> write(std::string_view bytes) override;
    void close() noexcept override;
    [[nodiscard]] std::string_view broken_head() const noexcept override { return broken_head_; }
    [[nodiscard]] std::optional<Deadline::Clock::time_point> heard() const override {
        return heard_;
    }

  private:
    void set_deadline();
    [[nodiscard]] Error why_ended(const boost::system::error_code& code) const noexcept;

    ByteStream stream_;
    sip::Framer framer_;
    std::chrono::milliseconds unfinished_;
    std::chrono::milliseconds idle_;
    Deadline deadline_;
    Deadline::Clock::time_point begun_ = Deadline::Clock::time_point::max();
    Deadline::Clock::time_point heard_ = Deadline::Clock::now();
    std::string broken_head_;
    bool late_in_message_ = false;
};

} // namespace roundabout::transport
