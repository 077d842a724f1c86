#pragma once

#include "base/flow.hpp"
#include "base/result.hpp"
#include "crypto/mac.hpp"
#include "crypto/siv.hpp"
#include "registration/binding.hpp"
#include "routing/keys.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace roundabout::routing {

/// A trusted server, so that the name survives a restart and a reload: a hash of its configured
/// name, and which of its addresses was used.
struct ServerPlace {
    std::uint32_t name_hash = 0;
    IpAddress address;

    friend bool operator==(const ServerPlace&, const ServerPlace&) = default;
};

/// A host that an admitted request named while strict_host was off, as it was dialled.
struct HostPlace {
    Transport transport = Transport::tcp;
    Endpoint remote;

    friend bool operator==(const HostPlace&, const HostPlace&) = default;
};

/// A client, or any peer that is no trusted server: where it was heard, never what it wrote.
struct ClientPlace {
    Transport transport = Transport::udp;
    std::uint32_t listener_hash = 0;                ///< hash of the listener's name
    Endpoint remote;                                ///< UDP only
    FlowId flow;                                    ///< streams only
    std::optional<registration::BindingId> binding; ///< the fallback once the flow is gone

    friend bool operator==(const ClientPlace&, const ClientPlace&) = default;
};

using Place = std::variant<ServerPlace, ClientPlace, HostPlace>;

/// Which end of the dialog-forming request a place is.
enum class Side : std::uint8_t { caller, callee };

/// What a Record-Route's user part says once opened: the way to one end of this Call-ID's dialogs.
struct RouteToken {
    Side side = Side::caller;
    Place place;
};

/// What a rewritten dialog Contact says once opened: the URI that stood there, and the way to it.
struct ContactToken {
    Side side = Side::caller;
    Place place;
    std::string uri;
    bool same_call = false; ///< opened under the Call-ID it was made for
};

/// What the user part of a Path URI of ours says once opened (RFC 3327; RFC 5626 §5.1 calls it the
/// flow token): the way to the client whose REGISTER it was put on.
struct PathToken {
    std::uint32_t server =
        0;                 ///< hash of the server's name that it was issued to, and that may use it
    bool outbound = false; ///< RegisterPlan::outbound
    ClientPlace place;
};

/// Makes and opens tokens (design: Tokens). Deterministic; authentic or nothing. One a worker: the
/// cipher contexts inside are not shared.
class Tokens {
  public:
    /// Error: key_unusable.
    [[nodiscard]] static Result<Tokens> make(const KeyRing& keys);

    // Sealing fails only where libcrypto does, by key_unusable: nothing is to leave then that looks
    // like a token and is none.

    /// The user part of a Record-Route URI, base64url.
    [[nodiscard]] Result<std::string> seal_route(const RouteToken& token, std::string_view call_id);
    /// The same behind what `out` has.
    [[nodiscard]] Result<void> append_route(std::string& out, Side side, const Place& place,
                                            std::string_view call_id);
    /// Only under the Call-ID it was made for. Errors: token_malformed, token_forged.
    [[nodiscard]] Result<RouteToken> open_route(std::string_view user, std::string_view call_id);

    /// The user part of a Path URI, base64url. Opens under any Call-ID: it serves the requests of
    /// every call.
    [[nodiscard]] Result<std::string> seal_path(const PathToken& token);
    /// Errors as of open_route.
    [[nodiscard]] Result<PathToken> open_path(std::string_view user);

    /// The value of `rb=` in a dialog's Contact, base32.
    [[nodiscard]] Result<std::string> seal_contact(const ContactToken& token,
                                                   std::string_view call_id);
    /// The same behind what `out` has.
    [[nodiscard]] Result<void> append_contact(std::string& out, Side side, const Place& place,
                                              std::string_view uri, std::string_view call_id);
    /// Opens under any Call-ID and says whether it was this one: a Refer-To may carry a Contact
    /// into another call (R22), but only its own call's token admits. Errors as of open_route.
    [[nodiscard]] Result<ContactToken> open_contact(std::string_view value,
                                                    std::string_view call_id);

    /// The id of a binding (design: Tokens), by the newest key. `reg_id` 0: none.
    [[nodiscard]] Result<registration::BindingId>
    binding_id(std::string_view server, std::string_view aor, std::string_view contact_uri,
               std::string_view instance, std::uint32_t reg_id) const;

    /// The short name by which tokens know a server or a listener; the same at every start.
    [[nodiscard]] std::uint32_t name_hash(std::string_view name) const;

  private:
    struct Opener {
        DerivedKeys keys;
        crypto::Siv siv;
        mutable crypto::Hmac binding_mac; ///< a calculation leaves it as it was
        /// The associated data of tokens that open under any Call-ID, by their first byte.
        std::array<crypto::Siv::About, 4> of_any_call;
    };
    explicit Tokens(std::vector<Opener> openers) noexcept
        : openers_(std::move(openers)) {}

    [[nodiscard]] static Result<Opener> opener_of(const DerivedKeys& keys);
    [[nodiscard]] Result<crypto::Siv::About> about(Opener& opener, std::string_view head,
                                                   std::string_view call_id);
    /// Head and room for what sealing adds; the contents are then appended.
    [[nodiscard]] std::string& begin(char kind, Side side);
    /// Seals what begin() gave.
    [[nodiscard]] Result<void> seal(std::string_view call_id);
    /// The contents of the sealed token in `raw_`, in their place there.
    [[nodiscard]] Result<std::string_view> open(char kind, std::string_view call_id);

    std::vector<Opener> openers_; ///< newest first
    std::string raw_;             ///< the token at hand; a member so that its room is used again
    std::string associated_;      ///< the same for associated data
};

/// `rb=` of a registered Contact: 12 bytes in base32, which no sealed token is short enough to be.
[[nodiscard]] std::string to_text(const registration::BindingId& id);
[[nodiscard]] std::optional<registration::BindingId> parse_binding_id(std::string_view value);

} // namespace roundabout::routing
