#include "transaction/transaction_layer.hpp"

#include "sip/response.hpp"
#include "transaction/server_transaction.hpp"

#include <array>
#include <charconv>
#include <memory>
#include <string>

namespace roundabout::transaction {

namespace {

/// A To tag for a response of our own: the same for the same transaction, so that its
/// retransmissions are too.
std::string to_tag(const HashKey& secret, const fsm::ServerKey& key) {
    std::array<char, 16> digits{};
    const auto hash = SipHash(secret).field(key.text()).finish();
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), hash, 16).ptr;
    return {digits.data(), end};
}

} // namespace

TransactionLayer::TransactionLayer(Loop& loop_, transport::FlowTable& flows_,
                                   const HashKey& secret_, fsm::Timers timers_)
    : loop(loop_)
    , flows(flows_)
    , timers(timers_)
    , secret(secret_)
    , servers(secret_)
    , clients(secret_)
    , scope(loop_) {}

std::optional<transport::Inbound> TransactionLayer::accept(transport::Inbound&& arrival) {
    const bool taken =
        arrival.message.is_request() ? accept_request(arrival) : accept_response(arrival);
    if (taken)
        return std::nullopt;
    return std::move(arrival);
}

bool TransactionLayer::accept_request(transport::Inbound& arrival) {
    const auto key = fsm::ServerKey::of(arrival.message);
    if (!key)
        return false;
    const sip::Method method = arrival.message.method();
    Mailbox<ServerEvent>* const server = servers.find(*key);
    if (server == nullptr)
        return method == sip::Method::cancel && accept_cancel(arrival);
    ServerEvent event = RequestAgain{std::make_unique<Flow>(arrival.flow)};
    if (method == sip::Method::ack)
        event = AckArrived{std::make_unique<transport::Inbound>(std::move(arrival))};
    if (!server->put_expendable(std::move(event)))
        counters.events_dropped.add();
    return true;
}

bool TransactionLayer::accept_cancel(transport::Inbound& cancel) {
    const auto cancelled = fsm::ServerKey::of_cancelled(cancel.message);
    if (!cancelled)
        return false;
    Mailbox<ServerEvent>* const invite = servers.find(*cancelled);
    if (invite == nullptr)
        return false;
    const std::string tag = to_tag(secret, *cancelled);
    const std::string received = cancel.flow.remote.address.to_string();
    Bytes ok(sip::make_response(cancel.message, {.status = 200,
                                                 .reason = {},
                                                 .to_tag = tag,
                                                 .headers = {},
                                                 .received = received,
                                                 .rport = cancel.flow.remote.port}));
    auto request = std::make_shared<const sip::Message>(std::move(cancel.message));
    ServerTransaction::start(*this, std::move(request), cancel.flow, {})
        .respond(200, std::move(ok));
    if (!invite->put(CancelArrived{std::make_unique<Flow>(cancel.flow)}))
        counters.events_dropped.add();
    return true;
}

bool TransactionLayer::accept_response(transport::Inbound& arrival) {
    const auto key = fsm::ClientKey::of(arrival.message);
    if (!key)
        return false;
    Mailbox<ClientEvent>* const client = clients.find(*key);
    if (client == nullptr)
        return false;
    // A final response may be the only one that ever comes (a reliable transport sends none twice).
    const bool provisional = arrival.message.status() < 200;
    ClientEvent event = ResponseArrived{std::make_unique<sip::Message>(std::move(arrival.message))};
    const bool taken =
        provisional ? client->put_expendable(std::move(event)) : client->put(std::move(event));
    if (!taken)
        counters.events_dropped.add();
    return true;
}

void TransactionLayer::stop() {
    servers.stop();
    clients.stop();
}

} // namespace roundabout::transaction
