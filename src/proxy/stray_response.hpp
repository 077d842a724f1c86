#pragma once

#include "proxy/services.hpp"
#include "proxy/snapshot.hpp"
#include "transport/inbox.hpp"

namespace roundabout::proxy {

/// Sends a response on that has no transaction here, if our own restart explains it: its branch is
/// authentic and covers the Via below (R46). Never one to REGISTER. False: stray, to be dropped.
///
/// The way back is the Via below: by UDP the address there; by a stream the trusted server that it
/// names, which may be dialled, or the client's newer flow. A client is never dialled, and told
/// from others by a Record-Route of ours in the response, or by From, address and transport where
/// only one binding fits.
[[nodiscard]] bool forward_stray(const transport::Inbound& stray, Services& services,
                                 const SnapshotPtr& snapshot);

} // namespace roundabout::proxy
