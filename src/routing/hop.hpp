#pragma once

#include "base/flow.hpp"
#include "config/config.hpp"
#include "registration/register_rules.hpp"
#include "routing/branch.hpp"
#include "routing/decision.hpp"
#include "routing/tokens.hpp"
#include "sip/message.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace roundabout::routing {

/// One side of this proxy, as the messages of a hop have to speak of it.
struct HopSide {
    Transport transport = Transport::udp;
    config::Advertised reach;    ///< host and port for Via and Record-Route
    config::Advertised contact;  ///< host and port for Contact
    Place place;                 ///< the peer on that side
    bool rewrite_contact = true; ///< towards this side (R17)
};

/// Everything that sending a request on depends on, beside the request.
struct RequestHop {
    const Decision& decision;
    const Target& target;
    const HopSide& in;
    const HopSide& out;
    const Flow& in_flow; ///< where the request came from: `received` and `rport` (R34)
    Branch branch;       ///< sealed here, once the Via below ours is known
    const registration::RegisterPlan* registering = nullptr; ///< for REGISTER
    std::optional<PathToken> path = std::nullopt;            ///< for a REGISTER that goes by Path
    std::optional<std::uint32_t> breadth = std::nullopt;     ///< Max-Breadth that it leaves with
    /// How often the sender may keep its flow alive, in seconds, if it asks (RFC 6223); 0: unsaid.
    std::uint32_t keep = 0;
};

/// A request as it leaves, and what the caller has to know of how it was made.
struct ForwardedRequest {
    std::string bytes;
    std::string branch;            ///< of our Via
    bool contact_too_long = false; ///< left alone: Record-Route alone serves
};

/// Makes the request that goes to one target (RFC 3261 §16.6 steps 1 to 8): R-URI, Max-Forwards,
/// two Record-Routes, our Routes popped and the server's put on, Contact or Path, Via. Everything
/// else leaves as it came. O(size of the request). Error: key_unusable, where a token can't be
/// sealed.
[[nodiscard]] Result<ForwardedRequest> forward_request(const sip::Message& request,
                                                       const RequestHop& hop, Tokens& tokens,
                                                       const KeyRing& keys);

/// Everything that sending a response back depends on.
struct ResponseHop {
    const Decision& decision;                ///< of the request
    sip::Method method = sip::Method::other; ///< of the request
    const HopSide& in;                       ///< towards whom the response goes
    const Place& from;                       ///< who sent it
    bool from_trusted = true;                ///< else P-Asserted-Identity is removed (R43)
    std::uint16_t status = 0; ///< instead of its own (503 goes up as 500, R32); 0: stays
    std::span<const registration::RestoredContact> restored; ///< for a 2xx to REGISTER
    /// Other branches' 401 and 407, whose challenges are added to this one's (§16.7 step 7).
    std::span<const sip::Message* const> challenges = {}; // NOLINT: most name all before it alone
};

/// A response as it goes back.
struct ForwardedResponse {
    std::string bytes;
    /// A Contact was left alone because no token could be sealed: a response can't be refused any
    /// more, and Record-Route alone serves.
    bool unsealed = false;
};

/// Makes the response that goes back (RFC 3261 §16.7 steps 3, 7 to 9): our Via off, other
/// branches' challenges, Contact.
[[nodiscard]] ForwardedResponse forward_response(const sip::Message& response,
                                                 const ResponseHop& hop, Tokens& tokens);

/// INVITE, SUBSCRIBE, REFER, NOTIFY: these may form a dialog and get Record-Route (R14).
[[nodiscard]] bool records_route(sip::Method method) noexcept;

/// INVITE, UPDATE, SUBSCRIBE, NOTIFY, REFER: their Contact is a remote target (R16).
[[nodiscard]] bool refreshes_target(sip::Method method) noexcept;

/// The longest rewritten Contact URI (design: Tokens).
inline constexpr std::size_t contact_limit = 255;

} // namespace roundabout::routing
