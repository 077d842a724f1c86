#pragma once

#include "base/bytes.hpp"
#include "base/flow.hpp"
#include "proxy/services.hpp"
#include "sip/message.hpp"
#include "sip/values.hpp"
#include "transport/message_counts.hpp"

namespace roundabout::proxy {

/// How a message is counted. Of a response CSeq is read.
[[nodiscard]] inline transport::MessageKind kind_of(const sip::Message& message) noexcept {
    if (message.is_request())
        return {message.method(), 0};
    const auto cseq = sip::cseq(message);
    return {cseq ? sip::parse_method(cseq->method) : sip::Method::other, message.status()};
}

/// Sends what no transaction sends, and counts it. Errors as of FlowTable::send.
inline Result<void> send_apart(const Flow& flow, Bytes bytes, transport::MessageKind kind,
                               Services& services) {
    const Result<void> sent = services.flows.send(flow, std::move(bytes), 0);
    if (sent)
        services.layer.messages.add(transport::MessageCounts::Way::sent, flow.transport, kind);
    return sent;
}

} // namespace roundabout::proxy
