#pragma once

#include "base/bytes.hpp"
#include "base/flow.hpp"
#include "transaction/fsm/timers.hpp"
#include "transaction/transaction_layer.hpp"

namespace roundabout::transaction {

[[nodiscard]] constexpr fsm::Delivery delivery(Transport transport) noexcept {
    return is_reliable(transport) ? fsm::Delivery::reliable : fsm::Delivery::unreliable;
}

/// Sends by `flow`, and counts what left. `Error::none`: it is on its way. A datagram that found
/// the socket's queue full counts as lost on the way, which retransmission is there for.
[[nodiscard]] inline Error send_by(TransactionLayer& layer, const Flow& flow, const Bytes& bytes,
                                   transport::MessageKind kind, transport::Ticket ticket) {
    const Result<void> sent = layer.flows.send(flow, bytes, ticket);
    if (sent) {
        layer.messages.add(transport::MessageCounts::Way::sent, flow.transport, kind);
        return Error::none;
    }
    const Error why = to_error(sent.error());
    if (why == Error::queue_full && !is_reliable(flow.transport))
        return Error::none;
    return why == Error::none ? Error::send_failed : why;
}

} // namespace roundabout::transaction
