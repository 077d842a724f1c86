#include "proxy/held_request.hpp"

#include "base/result.hpp"
#include "sip/hop_requests.hpp"
#include "sip/parser.hpp"

#include <utility>

namespace roundabout::proxy {

const std::shared_ptr<const sip::Message>& HeldRequest::shared() {
    if (!message_) {
        Result<sip::Message> again =
            sip::index_message(std::exchange(header_, {}), sip::Framing::datagram);
        message_ = std::make_shared<const sip::Message>(std::move(again).value());
    }
    return message_;
}

void HeldRequest::keep_header() {
    if (!message_)
        return;
    header_ = sip::header_of_hop(*message_);
    message_.reset();
}

} // namespace roundabout::proxy
