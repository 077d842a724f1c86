#pragma once

#include "base/siphash.hpp"
#include "routing/keys.hpp"
#include "sip/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roundabout::routing {

/// What our Via's branch says (design: Tokens, Branch). All of it follows from the request and the
/// secret, nothing is random, so a retransmission after a restart leaves with the same branch.
struct Branch {
    bool stream = false;        ///< the request came by a stream: `worker` owns the transaction
    std::uint8_t worker = 0;    ///< meaningful for streams
    std::uint8_t target = 0;    ///< which target of the response context
    std::uint16_t listener = 0; ///< hash of the listener that the request came in by
    std::uint64_t owner = 0; ///< hash that identifies the request; modulo workers owns it for UDP
    std::uint64_t loop = 0;  ///< RFC 3261 §16.6 step 8, RFC 5393 §4.2 (R29)

    friend bool operator==(const Branch&, const Branch&) = default;
};

/// Keyed hash of top branch, sent-by, Call-ID, From tag and CSeq number: the same for an INVITE,
/// its CANCEL, its ACK to a non-2xx and every retransmission; what UDP spreads over workers by.
/// Where the top Via has no magic cookie the method's absence makes no difference either.
[[nodiscard]] std::uint64_t owner_hash(const HashKey& key, const sip::Message& request);

/// Hash of what makes a second visit of the same request a loop rather than a spiral: R-URI and
/// Routes as received, Call-ID, tags, CSeq number. Without the Proxy-Authorization that RFC 3261
/// §16.6 step 8 adds: a CANCEL does not repeat it, and must get its INVITE's branch also where that
/// is forgotten (R46); a request sent again with credentials has another CSeq number.
[[nodiscard]] std::uint64_t loop_hash(const HashKey& key, const sip::Message& request);

/// "z9hG4bK" and 39 characters. `next_via` is the value of the Via below ours exactly as it leaves
/// (received and rport stamped): the MAC covers it, so a response without transaction can be sent
/// on by that Via only if we wrote it (R46).
[[nodiscard]] std::string seal_branch(const HashKey& mac_key, const Branch& branch,
                                      std::string_view next_via);

/// Reads a branch without judging its MAC; nothing if it can't be one of ours. For finding the
/// owning worker, where a forged one does no harm.
[[nodiscard]] std::optional<Branch> read_branch(std::string_view branch);

/// True if `branch` was made by `seal_branch` with a key of the ring and this next Via.
[[nodiscard]] bool is_authentic(const KeyRing& keys, std::string_view branch,
                                std::string_view next_via);

} // namespace roundabout::routing
