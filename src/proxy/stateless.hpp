#pragma once

#include "proxy/services.hpp"
#include "proxy/snapshot.hpp"
#include "routing/tokens.hpp"
#include "sip/message.hpp"
#include "transaction/loop/task.hpp"
#include "transaction/server_transaction.hpp"
#include "transport/inbox.hpp"

#include <memory>

namespace roundabout::proxy {

/// Sends a request on without a transaction: an ACK to a 2xx (RFC 3261 §16.10 last paragraph, R19),
/// or a CANCEL that no INVITE here matches (R46). Decided like any other request; what may not go
/// on is dropped, since an ACK is never answered, and an unmatched CANCEL gets 481, unless its
/// source is unknown: nothing would bound how many of those we answer.
[[nodiscard]] transaction::Task forward_stateless(transaction::Loop& loop, Services& services,
                                                  SnapshotPtr snapshot, transport::Inbound arrival);

/// Finds another way for responses whose own connection is gone (RFC 3261 §18.2.2; R34): a client's
/// newer flow, or a connection to the server; tells the server transaction.
[[nodiscard]] transaction::Task reply_elsewhere(transaction::Loop& loop, Services& services,
                                                SnapshotPtr snapshot,
                                                std::shared_ptr<const sip::Message> request,
                                                routing::Place place,
                                                transaction::ServerTransaction server);

} // namespace roundabout::proxy
