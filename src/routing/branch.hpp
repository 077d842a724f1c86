#pragma once

#include "base/siphash.hpp"
#include "routing/keys.hpp"
#include "sip/message.hpp"
#include "sip/values.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roundabout::routing {

/// What our Via's branch says (design: Tokens, Branch). All of it follows from the request and the
/// secret, nothing is random, so a retransmission after a restart leaves with the same branch. Each
/// further place that a request is tried at gets a branch of its own (RFC 3263 §4.3); the first one
/// is `attempt` 0, which is what a CANCEL without its INVITE bears.
struct Branch {
    bool stream = false; ///< the request came by a stream: `worker` owns the transaction
    /// Meaningful for streams. Stands beside the branch in our Via, as `w`, and is not read back
    /// with it: the request's CANCEL and retransmissions may come by another worker after a restart
    /// and must get the same branch (R46).
    std::uint8_t worker = 0;
    std::uint8_t target = 0;    ///< which target of the response context
    std::uint16_t listener = 0; ///< hash of the listener that the request came in by
    std::uint64_t owner = 0;    ///< hash that identifies the request
    std::uint64_t loop = 0;     ///< RFC 3261 §16.6 step 8, RFC 5393 §4.2 (R29)
    std::uint8_t attempt = 0;   ///< which place of that target, in the order of sending there

    friend bool operator==(const Branch&, const Branch&) = default;
};

/// Keyed hash of top branch, sent-by, Call-ID, From tag and CSeq number: the same for an INVITE,
/// its CANCEL, its ACK to a non-2xx and every retransmission.
/// Where the top Via has no magic cookie the method's absence makes no difference either.
[[nodiscard]] std::uint64_t owner_hash(const HashKey& key, const sip::Message& request);

/// The worker that waits for a response whose top Via is this one of ours, as far as `w` says.
[[nodiscard]] std::optional<std::uint16_t> waiting_worker(const sip::Via& own);

/// Hash of what makes a second visit of the same request a loop rather than a spiral (R29): R-URI
/// and Routes as received, Call-ID, From tag, CSeq number, and `from`, a number for whoever sent it
/// as far as that decides where it goes. Without more that RFC 3261 §16.6 step 8 adds: a CANCEL and
/// the ACK to a non-2xx must get their INVITE's branch also where that is forgotten (R46), but bear
/// no Proxy-Authorization, and the ACK has another To tag, which does not change on a way through
/// proxies. A request sent again with credentials has another CSeq number. Without Proxy-Require,
/// which is always refused.
[[nodiscard]] std::uint64_t loop_hash(const HashKey& key, const sip::Message& request,
                                      std::uint32_t from);

/// "z9hG4bK" and 39 characters. `next_via` is the value of the Via below ours exactly as it leaves
/// (received and rport stamped): the MAC covers it, so a response without transaction can be sent
/// on by that Via only if we wrote it (R46). For a stream without the port in rport, which leads
/// nowhere once the connection is gone and is another one after a restart.
[[nodiscard]] std::string seal_branch(const HashKey& mac_key, const Branch& branch,
                                      std::string_view next_via);

/// Reads a branch without judging its MAC; nothing if it can't be one of ours. For finding the
/// owning worker, where a forged one does no harm.
[[nodiscard]] std::optional<Branch> read_branch(std::string_view branch);

/// True if `branch` was made by `seal_branch` with a key of the ring and this next Via.
[[nodiscard]] bool is_authentic(const KeyRing& keys, std::string_view branch,
                                std::string_view next_via);

/// True if the request has been here before with the same loop hash (RFC 3261 §16.3 step 4, RFC
/// 5393 §4.2): it stands in a Via of ours among those that the request bears. Only a branch whose
/// MAC holds counts, so nobody can have a request refused by writing Vias. O(Vias).
[[nodiscard]] bool has_looped(const KeyRing& keys, const sip::Message& request, std::uint32_t from);

} // namespace roundabout::routing
