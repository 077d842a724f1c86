#include "transport/last_words.hpp"

#include "sip/parser.hpp"
#include "sip/response.hpp"

namespace roundabout::transport {
namespace {

bool is_about_bytes(Error why) noexcept {
    switch (why) {
    case Error::message_too_large:
    case Error::bad_content_length:
    case Error::content_length_mismatch:
    case Error::bare_line_feed:
    case Error::nul_in_header:
        return true;
    default:
        return false;
    }
}

} // namespace

std::string last_words(std::string_view head, Error why, const Endpoint& remote) {
    if (head.empty() || !is_about_bytes(why))
        return {};
    const Result<sip::Message> message =
        sip::index_message(std::string(head), sip::Framing::stream);
    if (!message || !message->is_request() || message->method() == sip::Method::ack ||
        !message->has(sip::HeaderId::via))
        return {};
    const std::string received = remote.address.to_string();
    sip::ResponseParts parts;
    parts.status = why == Error::message_too_large ? 513 : 400;
    if (why != Error::message_too_large)
        parts.reason = sentence(why);
    parts.received = received;
    parts.rport = remote.port;
    return sip::make_response(*message, parts);
}

} // namespace roundabout::transport
